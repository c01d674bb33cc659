"""A search that died is begun anew and leaves one circuit; one that is cancelled leaves none."""

from types import ModuleType

import pytest
from sqlalchemy import func, select

from analysis.circuits import finding, proofs
from analysis.worker.circuits import job
from analysis.worker.context import JobContext
from analysis.worker.heartbeat import Lease
from analysis.worker.interruptions import JobCancelled
from analysis.worker.stopping import Stopping
from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job, request_cancel
from app.store.tables import CircuitTable, ProofTable, RunTable
from tests.worker.circuits.conftest import Bench


class PowerCut(BaseException):
    pass


def context_of(bench: Bench) -> JobContext:
    """Of a job that this process has taken."""
    asked = bench.request(slug="mine")
    with open_session(bench.engine, commit=True) as session:
        create_job(session, request=asked, actor="tester")
    claim = queue.claim_next(bench.engine, worker_id="w", kinds=["circuit"], lease_seconds=3600)
    assert claim is not None
    return JobContext(
        asked,
        engine=bench.engine,
        signals=bench.engine,
        settings=bench.settings,
        lease=Lease(claim, 3600),
        stopping=Stopping(),
        run_step=lambda name, function: function(),  # noqa: ARG005
    )


def stored(bench: Bench) -> dict[str, int]:
    tables = {"circuits": CircuitTable, "proofs": ProofTable, "runs": RunTable}
    with open_session(bench.engine) as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.items()
        }


@pytest.mark.parametrize(
    ("where", "dies_in"),
    [
        (finding, "find_edges"),
        (finding, "prune"),
        (proofs, "prove"),
        (proofs, "prove_otherwise"),
    ],
)
def test_one_that_died_is_begun_anew_and_leaves_the_circuit_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, where: ModuleType, dies_in: str
) -> None:
    def die(*_given: object, **_named: object) -> None:
        raise PowerCut

    context = context_of(bench)
    monkeypatch.setattr(where, dies_in, die)
    with pytest.raises(PowerCut):
        job.run(context)
    assert stored(bench) == {"circuits": 0, "proofs": 0, "runs": 1}
    monkeypatch.undo()
    job.run(context)
    once = stored(bench)
    assert once["circuits"] == once["runs"] == 1
    before = bench.circuit("mine")[1]
    job.run(context)  # as one that died after it had stored all
    assert stored(bench) == once
    assert bench.circuit("mine")[1] == before


def test_a_cancelled_search_ends_soon_and_leaves_no_circuit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of(bench)
    gone_on = []

    def cancelling(*given: object, **named: object) -> object:
        with open_session(bench.engine, commit=True) as session:
            request_cancel(session, job_id=context.job_id, actor="tester")
        context._polled_at = float("-inf")
        return ranked(*given, **named)

    ranked = finding.rank_nested
    monkeypatch.setattr(finding, "rank_nested", cancelling)
    monkeypatch.setattr(finding, "prune", lambda *_: gone_on.append(1))
    with pytest.raises(JobCancelled):
        job.run(context)
    assert not gone_on
    assert stored(bench)["circuits"] == 0


def test_progress_goes_up_and_names_what_is_done(bench: Bench) -> None:
    context = context_of(bench)
    told: list[tuple[float, str | None]] = []
    write = context.progress

    def progress(done: float, total: float | None, unit: str, message: str | None = None) -> None:
        told.append((done, message))
        write(done, total, unit, message)

    context.progress = progress  # type: ignore[method-assign]
    job.run(context)
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert {job.DOING[stage] for stage in job.DOING} <= {message for _, message in told}
