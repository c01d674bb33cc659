"""An explain job that asks a language model: what it pays, and when that is too much."""

import json
from typing import Any

import pytest

from app.store.engine import open_session
from app.store.queries.job import list_jobs
from tests.analysis.assistants.scripted import Play, Script, scripted
from tests.worker.explaining.assisted import (
    KEY,
    answers,
    found,
    request,
    run,
    run_row,
)
from tests.worker.sweeping.conftest import Swept


def test_what_was_asked_answered_and_paid_is_stored_without_the_key(fresh: Swept) -> None:
    with scripted(answers()) as endpoint:
        prices = {"dollars_per_million_in": 2.0, "dollars_per_million_out": 10.0}
        result = run(fresh, endpoint.url, request(fresh, judge_model="small", **prices))
        n_calls = len(endpoint.requests)
    rows = found(fresh, result["run_id"])
    for row in rows:
        details = row.details
        assert details["model"] == "big"
        assert "⟦excerpt 1⟧" in details["prompt"]
        assert details["asked"][0]["raw"] == '{"explanation": "the word king"}'
        assert details["asked"][0]["parameters"]["model"] == "big"
        assert {score.judge for score in row.scores.values()} == {"small"}
        assert set(details["judged"]) == {"test", "ood:other"}
        assert details["judged"]["test"]["detection"][0]["raw"]
        assert KEY not in json.dumps(details)
    calls = sum(row.details["spent"]["calls"] for row in rows)
    assert calls == n_calls == result["assistant"]["n_calls"]
    dollars = sum(row.details["spent"]["dollars"] for row in rows)
    assert dollars == pytest.approx(n_calls * (100 * 2 + 10 * 10) / 1e6)
    assert result["assistant"]["spent"] == {
        "tokens": 110 * n_calls, "dollars": pytest.approx(dollars),
    }  # fmt: skip
    measured = run_row(fresh, result["run_id"]).measured
    assert measured["assistant"]["spent"]["tokens"] == 110 * n_calls
    assert "sentences of a language model" in run_row(fresh, result["run_id"]).method


@pytest.mark.parametrize("limit", [{"token_budget": 60_000}, {"budget": 0.06}])
def test_a_spent_budget_ends_the_job_cleanly_with_what_it_has(
    fresh: Swept, limit: dict[str, Any]
) -> None:
    units = list(range(24))
    options = {**limit, "dollars_per_million_in": 1.0, "dollars_per_million_out": 1.0}
    with scripted(answers()) as endpoint:
        expensive = _at_usage(endpoint.script, (900, 100))
        endpoint.script = expensive
        result = run(fresh, endpoint.url, request(fresh, units, **options))
        n_calls = len(endpoint.requests)
    assert result["stopped"] == "budget"
    assert result["units"] < 24
    row = run_row(fresh, result["run_id"])
    assert (row.status, row.measured["stopped"]) == ("finished", "budget")
    assert 1000 * n_calls == result["assistant"]["spent"]["tokens"] <= 60_000
    kept = found(fresh, result["run_id"])
    assert len(kept) in (8, 16)
    assert {one.status for one in kept} <= {"current", "failed"}
    with open_session(fresh.engine) as session:
        ended = list_jobs(session).items[0]
    assert ended.status == "succeeded"


def _at_usage(script: Script, usage: tuple[int, int]) -> Script:
    def priced(asked: dict[str, Any], number: int) -> Play:
        play = script(asked, number)
        completion = json.loads(play.body)
        completion["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        return Play(body=json.dumps(completion))

    return priced


def test_a_budget_of_nothing_sends_nothing(fresh: Swept) -> None:
    with scripted(answers()) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, token_budget=0))
        assert endpoint.requests == []
    assert (result["stopped"], result["units"]) == ("budget", 0)
