"""The command on a run's page, typed into a shell, asks for the same run again."""

import shlex
from typing import Any

import pytest
import torch
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from analysis.worker import output, relate
from analysis.worker.circuits import job as circuit
from analysis.worker.evidencing import job as evidence
from analysis.worker.inline import run_inline
from analysis.worker.provenance import command
from analysis.worker.sweeping.job import KIND
from analysis.worker.sweeping.repeating import command_of, resolved
from app.commands import circuits, following, sweeping
from app.store.circuit_request import CircuitRequest
from app.store.engine import open_session
from app.store.requests import EvidenceRequest, OutputRequest, RelateRequest, Sampling, SweepRequest
from app.store.tables import RunTable
from tests.worker.conftest import Laboratory
from tests.worker.sweeping.conftest import SWEEP, Swept, add_planted

FULL = SweepRequest(
    model="some.model",
    corpus="a-corpus",
    window_length=64,
    max_windows={"fit": 7, "ood:code": 0},
    sampling={"fit": Sampling(top=1), "ood:code": Sampling(pool=0, random=3)},
    counted_from=2,
    threshold=-0.25,
    histogram_every=3,
    windows_per_shard=9,
    bos=17,
    batch_size=5,
    dtype="bfloat16",
    device="cuda:1",
    seed=2**60,
    follow_up=False,
    evidence=3,
)


def _asked(command_line: str, monkeypatch) -> Any:
    """The request that a command line makes."""
    asked: list[Any] = []
    for module in (sweeping, following, circuits):
        monkeypatch.setattr(module, "ask", lambda request, wait: asked.append(request))  # noqa: ARG005
    app = typer.Typer()
    sweeping.register(app)
    following.register(app)
    circuits.register(app)
    name, *arguments = shlex.split(command_line)
    assert name == "patchclamp"
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return asked[0]


@pytest.mark.parametrize(
    "request_made", [FULL, FULL.model_copy(update={"bos": "never", "max_windows": {}})]
)
def test_every_field_of_a_sweep_goes_through_the_command_line(request_made, monkeypatch):
    assert _asked(command_of(request_made), monkeypatch) == request_made


def test_what_follows_a_sweep_goes_through_the_command_line(monkeypatch):
    sides = OutputRequest(model="m", run_id=3, n_tokens=4)
    assert _asked(output.command_of(sides), monkeypatch) == sides
    relatives = RelateRequest(model="m", run_id=3, n_related=4)
    assert _asked(relate.command_of(relatives), monkeypatch) == relatives
    held = EvidenceRequest(
        model="m", run_id=3, site="mlp.2", explanations=[4, 9], units_per_site=5, windows=7,
        control_windows=6, control_units=5, positions=9, tokens=64, k=2.5, lookup_cut=True,
        whole_sites=False, seed=8,
    )  # fmt: skip
    assert _asked(evidence.command_of(held), monkeypatch) == held


@pytest.mark.parametrize("on", [{"task": "pronouns"}, {"prompt": "The circuit's -- end"}])
def test_a_search_for_a_circuit_goes_through_the_command_line(monkeypatch, on):
    """But for its slug: that is taken by then."""
    asked = CircuitRequest(
        model="circuit", n_pairs=9, method="atp", ablation="zero", n_nodes=7, title="Who's who",
        seed=5, **on,
    )  # fmt: skip
    assert _asked(circuit.command_of(asked), monkeypatch) == asked


def test_a_command_is_quoted_for_a_shell():
    assert shlex.split(command("sweep", {"model": "a b; rm -rf ~", "seed": [1, 2]})) == [
        "patchclamp", "sweep", "--model", "a b; rm -rf ~", "--seed", "1", "--seed", "2",
    ]  # fmt: skip
    assert command("circuit", {"seed": 1}, ["a b", "c"]) == "patchclamp circuit 'a b' c --seed 1"


def test_a_run_names_what_was_chosen_for_it(swept: Swept, monkeypatch):
    with open_session(swept.engine) as session:
        run = session.get_one(RunTable, swept.run_id)
    again = _asked(run.command, monkeypatch)
    assert (again.dtype, again.device, again.seed, again.batch_size) == ("float32", "cpu", 0, 8)
    assert again.bos == run.parameters["bos"] == 0
    taken = {split: found["taken"] for split, found in run.parameters["windows"].items()}
    assert again.max_windows == taken
    assert again.sampling["fit"] == SWEEP.sampling["default"]
    assert again.sampling["ood:other"] == SWEEP.sampling["ood"]
    assert run.parameters["min_tokens"] == 16
    assert run.parameters["pilot_windows"]["fit"] > 0
    assert run.parameters["pilot_windows_held"]["ood:other"] == 3  # its pool
    assert run.parameters["activation_function"] == "torch.nn.functional.relu"
    assert {"numpy", "numba", "tokenizers", "torch", "transformers", "processor"} <= set(
        run.machine
    )


@pytest.mark.parametrize("auto", ["float32", "bfloat16"])
def test_what_was_left_open_is_resolved(auto):
    windows = _Windows()
    request = SweepRequest(model="m", corpus="c")
    found = resolved(
        request, windows, dtype=getattr(torch, auto), device=torch.device("cpu"), bos=None
    )
    assert (found.dtype, found.device, found.bos) == (auto, "cpu", "never")
    assert found.max_windows == {"fit": 5}


def test_the_command_of_a_run_makes_the_same_windows_again(laboratory: Laboratory, monkeypatch):
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder)
    asked = SWEEP.model_copy(update={"bos": "never", "max_windows": {"fit": 20, "default": 9}})
    first = run_inline(engine, settings, KIND, asked)["run_id"]
    with open_session(engine) as session:
        again = _asked(session.get_one(RunTable, first).command, monkeypatch)
    second = run_inline(engine, settings, KIND, again)["run_id"]
    with open_session(engine) as session:
        runs = session.scalars(select(RunTable).order_by(RunTable.id)).all()
    assert [run.id for run in runs] == [first, second]
    assert runs[0].window_set_id == runs[1].window_set_id
    assert runs[0].command == runs[1].command
    assert runs[1].parameters["bos"] is None


class _Windows:
    """Windows of which only the counts are asked."""

    splits = ("fit",)
    counts = {"fit": type("Count", (), {"taken": 5})()}  # noqa: RUF012
