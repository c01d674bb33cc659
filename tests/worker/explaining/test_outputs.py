"""Output sides come from another job: an explain job takes them when they are there, or says why
they are not; and units are found by where they peak, whatever became of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from analysis.worker import output
from analysis.worker.context import JobContext
from analysis.worker.explaining import job
from analysis.worker.explaining.work import Explaining
from analysis.worker.inline import run_inline
from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job
from app.store.requests import ExplainRequest, OutputRequest
from app.store.tables import (
    ExplanationTable,
    OutputSideTable,
    RunTable,
    SiteTable,
    UnitTokensTable,
)
from app.store.tables.job import JobTable
from tests.worker.explaining.test_explaining_killed import context_of
from tests.worker.sweeping.conftest import Swept

SAMPLE = 40


@pytest.fixture(autouse=True)
def without(swept: Swept) -> Iterator[None]:
    """No output sides, nor jobs for them, nor tokens to search by."""

    def forget() -> None:
        with open_session(swept.engine, commit=True) as session:
            session.execute(delete(UnitTokensTable))
            session.execute(delete(OutputSideTable))
            session.execute(delete(RunTable).where(RunTable.kind == "output"))
            session.execute(delete(JobTable).where(JobTable.kind == "output"))

    forget()
    yield
    forget()


def compute(swept: Swept) -> None:
    run_inline(swept.engine, swept.settings, output.KIND, wanted(swept))


def wanted(swept: Swept) -> OutputRequest:
    return OutputRequest(model="planted", run_id=swept.run_id)


def explain(swept: Swept, **changes: Any) -> dict[str, Any]:
    request = ExplainRequest(model="planted", run_id=swept.run_id, sample=SAMPLE, **changes)
    result = run_inline(swept.engine, swept.settings, job.KIND, request)
    assert result is not None
    return result


def ask_for_output(swept: Swept) -> str:
    with open_session(swept.engine, commit=True) as session:
        return create_job(session, request=wanted(swept), actor="tester").id


def n_explained(swept: Swept, run_id: int, method: str) -> int:
    """Neurons, as attention heads have no output side."""
    table = ExplanationTable
    with open_session(swept.engine) as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(table)
                .join(SiteTable, SiteTable.id == table.site_id)
                .where(table.run_id == run_id, table.method == method, SiteTable.kind == "mlp")
            )
            or 0
        )


def searchable(swept: Swept) -> dict[str, int]:
    """How many units can be found by tokens of each kind."""
    table = UnitTokensTable
    with open_session(swept.engine) as session:
        rows = session.execute(select(table.peaks, table.promoted)).all()
    return {
        "peaks": sum(bool(row.peaks) for row in rows),
        "promoted": sum(bool(row.promoted) for row in rows),
    }


def test_without_output_sides_units_are_found_by_their_peaks_and_it_is_said_what_is_missing(
    swept: Swept,
) -> None:
    result = explain(swept)
    assert "patchclamp output --model planted" in result["not_done"]["output"]
    found = searchable(swept)
    assert found["peaks"] > SAMPLE
    assert found["promoted"] == 0
    with open_session(swept.engine) as session:
        measured = session.get_one(RunTable, result["run_id"]).measured
    assert measured["not_done"] == result["not_done"]


def test_whoever_does_not_ask_for_output_sides_misses_none(swept: Swept) -> None:
    result = explain(swept, methods=["lookup"])
    assert "not_done" not in result
    assert searchable(swept)["peaks"] > SAMPLE


def test_a_model_that_can_have_none_says_so(swept: Swept) -> None:
    compute(swept)
    with open_session(swept.engine, commit=True) as session:
        session.execute(delete(OutputSideTable))
        run = session.scalars(select(RunTable).where(RunTable.kind == "output")).one()
        run.parameters = {"not_computed": output.NOT_LINEAR}
    assert explain(swept)["not_done"] == {"output": output.NOT_LINEAR}
    assert searchable(swept)["peaks"] > SAMPLE


def test_output_sides_that_another_worker_computes_meanwhile_are_waited_for(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the last chunk, and what was written and indexed before is made up for."""
    asked_for = ask_for_output(swept)
    claim = queue.claim_next(swept.engine, worker_id="x", kinds=["output"], lease_seconds=3600)
    assert claim is not None
    waited = []

    def wait(self: JobContext[Any], reason: str, seconds: float) -> None:  # noqa: ARG001
        waited.append((reason, searchable(swept)["promoted"]))
        if len(waited) == 2:
            compute(swept)

    monkeypatch.setattr(JobContext, "wait", wait)
    result = explain(swept)
    assert waited == [(f"Job {asked_for} computes the output sides.", 0)] * 2
    assert "not_done" not in result
    n = n_explained(swept, result["run_id"], "rules")
    assert n_explained(swept, result["run_id"], "output") == n > 0
    assert searchable(swept)["promoted"] > 0


@pytest.mark.parametrize("died", [False, True])
def test_a_job_that_waits_for_a_worker_is_not_waited_for(
    swept: Swept, died: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That worker could be this one."""
    asked_for = ask_for_output(swept)
    if died:
        queue.claim_next(swept.engine, worker_id="x", kinds=["output"], lease_seconds=-1)

    def wait(self: JobContext[Any], reason: str, seconds: float) -> None:  # noqa: ARG001
        raise AssertionError(reason)

    monkeypatch.setattr(JobContext, "wait", wait)
    told = explain(swept)["not_done"]["output"]
    assert told.startswith(f"Job {asked_for}")
    assert "waits for a worker" in told


def test_a_job_taken_up_again_with_output_sides_explains_nothing_twice(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attention heads have no output side: that none is stored of them is no gap. And where output
    sides came between two attempts, they are all that is missing."""
    context = context_of(swept)
    job.run(context)
    compute(swept)
    programs = []
    find = Explaining._programs

    def count(self: Explaining, chunk: Any) -> Any:
        programs.append(chunk)
        return find(self, chunk)

    monkeypatch.setattr(Explaining, "_programs", count)
    run_id = job.run(context)["run_id"]
    assert programs == []
    n = n_explained(swept, run_id, "rules")
    assert n_explained(swept, run_id, "output") == n > 0
    monkeypatch.setattr(Explaining, "explain", lambda self, chunk: programs.append(chunk))  # noqa: ARG005
    job.run(context)
    assert programs == []
