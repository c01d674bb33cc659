"""However a job comes to its end, the runs that it began end with it, in one transaction."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job, request_cancel
from app.store.queue import Claim
from app.store.requests import PrepareDemoRequest
from app.store.tables import JobTable, RunTable
from tests.store import rows


def begin(engine: Engine) -> Claim:
    """A job that a worker has taken, with two runs: one running, one finished."""
    with open_session(engine, commit=True) as session:
        job_id = create_job(session, request=PrepareDemoRequest(), actor="ada").id
        model = rows.model()
        session.add(model)
        session.flush()
        for status in ("running", "finished"):
            run = rows.run(model.id)
            run.job_id, run.status = job_id, status
            session.add(run)
    return take(engine, -1)


def take(engine: Engine, lease_seconds: float = 60) -> Claim:
    claim = queue.claim_next(
        engine, worker_id="a", kinds=["prepare_demo"], lease_seconds=lease_seconds
    )
    assert claim is not None
    return claim


def cancel(engine: Engine, claim: Claim) -> None:
    with open_session(engine, commit=True) as session:
        request_cancel(session, job_id=claim.job_id, actor="ada")


def cancel_while_queued(engine: Engine, claim: Claim) -> None:
    queue.hand_back(engine, claim, "stopped")
    cancel(engine, claim)


def cancel_while_stopping(engine: Engine, _: Claim) -> None:
    claim = take(engine)
    cancel(engine, claim)
    queue.hand_back(engine, claim, "stopped")


def forget(engine: Engine, claim: Claim) -> None:
    """As an older version did."""
    with open_session(engine, commit=True) as session:
        session.get_one(JobTable, claim.job_id).status = "succeeded"
    queue.register_worker(engine, worker_id="b", host="h", process=1)


ENDS: dict[str, tuple[Callable[[Engine, Claim], object], str]] = {
    "cancelled while its worker is dead": (cancel, "cancelled"),
    "cancelled while queued": (cancel_while_queued, "cancelled"),
    "cancelled while its worker stops": (cancel_while_stopping, "cancelled"),
    "cancelled by its worker": (lambda e, c: queue.finish(e, c, "cancelled"), "cancelled"),
    "failed": (lambda e, c: queue.finish(e, c, "failed", error="no"), "failed"),
    "left running": (forget, "failed"),
}


@pytest.mark.parametrize("end", ENDS)
def test_runs_end_with_their_job(engine: Engine, end: str) -> None:
    how, status = ENDS[end]
    how(engine, begin(engine))
    with open_session(engine) as session:
        found = session.execute(select(RunTable.status, RunTable.finished_at).order_by(RunTable.id))
        (begun, finished_at), (finished, _) = found
    assert (begun, finished) == (status, "finished")
    assert finished_at is not None


def test_runs_of_a_job_that_goes_on_go_on(engine: Engine) -> None:
    queue.hand_back(engine, begin(engine), "stopped")
    queue.register_worker(engine, worker_id="b", host="h", process=1)
    with open_session(engine) as session:
        assert list(session.scalars(select(RunTable.status).order_by(RunTable.id))) == [
            "running",
            "finished",
        ]
