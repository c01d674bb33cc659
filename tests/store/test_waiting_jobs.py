"""A job that waits says what goes before it, and what workers do meanwhile."""

from sqlalchemy import Engine

from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job, get_job, request_cancel
from app.store.requests import PrepareDemoRequest
from app.store.views.job import BusyView, WaitingView

KIND = "prepare_demo"


def ask(engine: Engine) -> str:
    with open_session(engine, commit=True) as session:
        return create_job(session, request=PrepareDemoRequest(), actor="ada").id


def waiting(engine: Engine, job_id: str) -> WaitingView | None:
    with open_session(engine) as session:
        return get_job(session, job_id=job_id).waiting


def take(engine: Engine, lease_seconds: float) -> None:
    assert queue.claim_next(engine, worker_id="a", kinds=[KIND], lease_seconds=lease_seconds)


def test_jobs_that_were_asked_for_earlier_go_first_and_later_ones_do_not(engine: Engine) -> None:
    jobs = [ask(engine) for _ in range(3)]
    told = [waiting(engine, job) for job in jobs]
    assert [one and one.n_before for one in told] == [0, 1, 2]
    with open_session(engine, commit=True) as session:
        request_cancel(session, job_id=jobs[0], actor="ada")
    assert waiting(engine, jobs[2]) == WaitingView(n_before=1, busy=[])


def test_what_a_living_worker_does_is_named_and_does_not_go_first(engine: Engine) -> None:
    first, second = ask(engine), ask(engine)
    take(engine, 60)
    assert waiting(engine, first) is None
    model = PrepareDemoRequest().model
    busy = [BusyView(id=first, kind=KIND, model=model)]
    assert waiting(engine, second) == WaitingView(n_before=0, busy=busy)


def test_the_job_of_a_dead_worker_goes_first_again(engine: Engine) -> None:
    ask(engine)
    second = ask(engine)
    take(engine, -1)
    assert waiting(engine, second) == WaitingView(n_before=1, busy=[])
