"""A run that is taken over names every machine and code that had a part in it."""

from itertools import count

import pytest

from analysis.worker import output, provenance, relate
from analysis.worker.inline import run_inline
from analysis.worker.provenance import note_attempt
from analysis.worker.sweeping.job import KIND
from app.store.engine import open_session
from app.store.queries.run import get_run
from app.store.requests import OutputRequest, RelateRequest
from app.store.tables import RunTable
from tests.worker.conftest import Laboratory
from tests.worker.sweeping.conftest import SWEEP, add_planted


@pytest.fixture
def run_id(laboratory: Laboratory) -> int:
    """A sweep that was done in one go, then looks as if it were still running."""
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder)
    result = run_inline(laboratory.engine, laboratory.settings, KIND, SWEEP)
    with open_session(laboratory.engine, commit=True) as session:
        run = session.get_one(RunTable, result["run_id"])
        assert "attempts" not in run.machine
        run.status = "running"
    return run.id


def test_only_an_attempt_that_differs_from_the_one_before_is_added(
    laboratory: Laboratory, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = provenance.machine()

    def attempt(processor: str, code: str) -> None:
        monkeypatch.setattr(provenance, "machine", lambda _device: real | {"processor": processor})
        monkeypatch.setattr(provenance, "code_version", lambda: code)
        with open_session(laboratory.engine, commit=True) as session:
            note_attempt(session, run_id)

    with open_session(laboratory.engine) as session:
        begun = get_run(session, run_id=run_id)
    for processor in (real["processor"], "another", "another", real["processor"]):
        attempt(processor, begun.code_version)
    attempt(real["processor"], "newer code")
    with open_session(laboratory.engine, commit=True) as session:
        run = get_run(session, run_id=run_id)
        session.get_one(RunTable, run_id).status = "finished"
    attempt("too late", "newer code")
    found = [
        (each["machine"]["processor"], each["code_version"]) for each in run.machine["attempts"]
    ]
    assert found == [
        ("another", begun.code_version),
        (real["processor"], begun.code_version),
        (real["processor"], "newer code"),
    ]
    assert run.machine | begun.machine == run.machine  # the first attempt stays
    with open_session(laboratory.engine) as session:
        assert len(get_run(session, run_id=run_id).machine["attempts"]) == 3


def test_every_kind_of_run_notes_its_attempts(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, settings = laboratory.engine, laboratory.settings
    add_planted(engine, settings, laboratory.folder)
    asked = count()  # a machine that is another one whenever it is looked at
    monkeypatch.setattr(provenance, "machine", lambda _device: {"number": next(asked)})
    sweep = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    following = {"model": "planted", "run_id": sweep}
    runs = [
        sweep,
        run_inline(engine, settings, output.KIND, OutputRequest(**following))["run_id"],
        run_inline(engine, settings, relate.KIND, RelateRequest(**following))["run_id"],
    ]
    for run_id in runs:
        with open_session(engine) as session:
            machine = get_run(session, run_id=run_id).machine
        (attempt,) = machine["attempts"]
        assert attempt["machine"]["number"] == machine["number"] + 1
