"""Jobs as the interface sees them, on both databases."""

import pytest
from sqlalchemy import Engine, update

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import (
    create_job,
    get_job,
    list_events,
    list_jobs,
    list_living_workers,
    request_cancel,
    resolve_job_id,
    state_of_demo,
)
from app.store.requests import PrepareDemoRequest, SweepRequest
from app.store.tables.job import JobTable

DEMO = PrepareDemoRequest(model="toy", corpus="tales")


def ask(engine: Engine, request: PrepareDemoRequest = DEMO) -> str:
    with open_session(engine, commit=True) as session:
        return create_job(session, request=request, actor="ada").id


def cancel(engine: Engine, job_id: str) -> str:
    with open_session(engine, commit=True) as session:
        return request_cancel(session, job_id=job_id, actor="ada").status


def kinds_of_events(engine: Engine, job_id: str) -> list[str]:
    with open_session(engine) as session:
        return [event.kind for event in list_events(session, job_id=job_id)]


def test_a_job_that_was_asked_for_is_queued_and_says_by_whom(engine: Engine) -> None:
    job_id = ask(engine)
    with open_session(engine) as session:
        job = get_job(session, job_id=job_id)
        (event,) = list_events(session, job_id=job_id)
    assert (job.kind, job.status, job.model, job.created_by) == (
        "prepare_demo", "queued", "toy", "ada",
    )  # fmt: skip
    assert job.request == DEMO.model_dump()
    assert (event.kind, event.data) == ("queued", {"actor": "ada"})


def test_a_job_for_a_model_that_was_not_added_is_refused(engine: Engine) -> None:
    with open_session(engine, commit=True) as session:
        with pytest.raises(NotFoundError, match="no model 'nobody'"):
            create_job(session, request=SweepRequest(model="nobody", corpus="x"), actor="ada")
        assert list_jobs(session).items == []


def test_a_queued_job_is_cancelled_at_once_and_twice_is_no_error(engine: Engine) -> None:
    job_id = ask(engine)
    assert cancel(engine, job_id) == "cancelled"
    assert cancel(engine, job_id) == "cancelled"
    assert kinds_of_events(engine, job_id) == ["queued", "cancelled"]
    assert queue.claim_next(engine, worker_id="w", kinds=[DEMO.kind], lease_seconds=5) is None


def test_a_running_job_is_asked_to_stop_and_told_once(engine: Engine) -> None:
    job_id = ask(engine)
    claim = queue.claim_next(engine, worker_id="w", kinds=[DEMO.kind], lease_seconds=60)
    assert claim is not None
    assert not queue.is_cancel_requested(engine, claim)
    assert cancel(engine, job_id) == "running"
    assert cancel(engine, job_id) == "running"
    assert queue.is_cancel_requested(engine, claim)
    assert kinds_of_events(engine, job_id) == ["queued", "started", "cancelling"]


def test_a_job_whose_worker_is_dead_is_cancelled_at_once(engine: Engine) -> None:
    job_id = ask(engine)
    queue.claim_next(engine, worker_id="w", kinds=[DEMO.kind], lease_seconds=-1)
    assert cancel(engine, job_id) == "cancelled"


def test_a_job_that_has_ended_is_not_cancelled(engine: Engine) -> None:
    job_id = ask(engine)
    claim = queue.claim_next(engine, worker_id="w", kinds=[DEMO.kind], lease_seconds=60)
    assert claim is not None
    queue.finish(engine, claim, "succeeded", result={"run_id": 3})
    with pytest.raises(ConflictError, match="already succeeded"):
        cancel(engine, job_id)
    with open_session(engine) as session:
        assert get_job(session, job_id=job_id).result == {"run_id": 3}


def test_jobs_are_paged_newest_first_and_filtered(engine: Engine) -> None:
    ids = [ask(engine) for _ in range(5)]
    cancel(engine, ids[2])
    with open_session(engine) as session:
        seen: list[str] = []
        cursor = None
        while True:
            page = list_jobs(session, limit=2, cursor=cursor)
            seen += [job.id for job in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == ids[::-1]
        assert [job.id for job in list_jobs(session, status="cancelled").items] == [ids[2]]
        assert list_jobs(session, model="other").items == []


@pytest.mark.parametrize(
    "wrong",
    [{"status": "sleeping"}, {"limit": 0}, {"limit": 10**9}, {"cursor": "%%"}, {"cursor": "aGk="}],
)
def test_lists_that_cannot_be_are_refused(engine: Engine, wrong: dict[str, object]) -> None:
    with open_session(engine) as session, pytest.raises(BadRequestError):
        list_jobs(session, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("job_id", ["none", "a\x00b", "\ud800", "", "x" * 2000])
def test_a_job_that_is_not_there_is_not_found_whatever_its_id(engine: Engine, job_id: str) -> None:
    ask(engine)
    with open_session(engine, commit=True) as session:
        for look in (get_job, request_cancel):
            more = {"actor": "ada"} if look is request_cancel else {}
            with pytest.raises(NotFoundError):
                look(session, job_id=job_id, **more)
        with pytest.raises(NotFoundError):
            resolve_job_id(session, beginning=job_id)


def test_the_beginning_of_an_id_is_enough_if_it_is_one_jobs(engine: Engine) -> None:
    ids = [ask(engine) for _ in range(17)]  # of 16 first digits one comes twice
    with open_session(engine) as session:
        assert resolve_job_id(session, beginning=ids[0][:20]) == ids[0]
        twice = next(i[0] for i in ids if sum(j[0] == i[0] for j in ids) > 1)
        with pytest.raises(BadRequestError, match="Several"):
            resolve_job_id(session, beginning=twice)


def test_events_are_read_on_from_where_one_was(engine: Engine) -> None:
    job_id = ask(engine)
    with open_session(engine) as session:
        (first,) = list_events(session, job_id=job_id)
    cancel(engine, job_id)
    with open_session(engine) as session:
        (second,) = list_events(session, job_id=job_id, after=first.id)
        assert second.kind == "cancelled"
        with pytest.raises(BadRequestError):
            list_events(session, job_id=job_id, limit=100_000)


def test_how_far_the_demo_is_follows_from_its_jobs(engine: Engine) -> None:
    def state() -> str:
        with open_session(engine) as session:
            return state_of_demo(session, request=DEMO)

    assert state() == "absent"
    job_id = ask(engine)
    assert state() == "preparing"
    cancel(engine, job_id)
    assert state() == "absent"
    for status, then in (("queued", "sweeping"), ("running", "sweeping"), ("succeeded", "swept")):
        with open_session(engine, commit=True) as session:
            made = update(JobTable).where(JobTable.id == job_id)
            session.execute(made.values(kind="sweep", status=status))
        assert state() == then


def test_workers_that_beat_are_alive(engine: Engine) -> None:
    queue.register_worker(engine, worker_id="w", host="here", process=1)
    queue.beat(engine, worker_id="w", claim=None, lease_seconds=5)
    with open_session(engine) as session:
        assert list_living_workers(session, lease_seconds=5) == {"w"}
        assert list_living_workers(session, lease_seconds=-1) == set()
    queue.forget_worker(engine, worker_id="w")
    with open_session(engine) as session:
        assert list_living_workers(session, lease_seconds=5) == set()
