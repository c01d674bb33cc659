"""The command on an explain run's page asks for the same job again."""

import shlex
from typing import Any

import pytest
from typer.testing import CliRunner

from analysis.worker.explaining.repeating import command_of
from app.cli import build
from app.commands import following
from app.store.requests import AssistantOptions, ExplainRequest

REQUESTS = [
    ExplainRequest(model="planted", run_id=3),
    ExplainRequest(
        model="planted", run_id=3, site="mlp.0", units=[1, 5], methods=["rules"], most_rules=3,
        most_listed=9, evidence=5, seed=4,
    ),
    ExplainRequest(
        model="planted", run_id=3, sample=7, methods=["lookup", "language_model"],
        assistant=AssistantOptions(
            model="big one", candidates=3, judges=["simulation", "fuzzing"], judge_model="small",
            budget=0.5, token_budget=1000, dollars_per_million_in=2.5,
            dollars_per_million_out=0.125, concurrency=9, windows=30, shuffled=False,
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("asked", REQUESTS, ids=["all", "units", "assistant"])
def test_the_command_repeats_the_request(
    asked: ExplainRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[ExplainRequest] = []

    def ask(request: ExplainRequest, **_: Any) -> None:
        again.append(request)

    monkeypatch.setattr(following, "ask", ask)
    done = CliRunner().invoke(build(), shlex.split(command_of(asked))[1:])
    assert done.exit_code == 0, done.output
    assert again == [asked]
