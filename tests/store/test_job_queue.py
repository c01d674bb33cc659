"""Claims, leases and fencing, on both databases."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job, get_job, list_events, request_cancel
from app.store.queue import Claim, LeaseLostError, Progress
from app.store.requests import PrepareDemoRequest
from app.store.views.job import JobView

KIND = "prepare_demo"


def ask(engine: Engine) -> str:
    with open_session(engine, commit=True) as session:
        return create_job(session, request=PrepareDemoRequest(), actor="ada").id


def take(engine: Engine, worker: str = "a", lease_seconds: float = 60) -> Claim:
    claim = queue.claim_next(engine, worker_id=worker, kinds=[KIND], lease_seconds=lease_seconds)
    assert claim is not None
    return claim


def look(engine: Engine, job_id: str) -> JobView:
    with open_session(engine) as session:
        return get_job(session, job_id=job_id)


def test_the_oldest_job_is_taken_first_and_only_by_who_knows_its_kind(engine: Engine) -> None:
    first, second = ask(engine), ask(engine)
    assert queue.claim_next(engine, worker_id="a", kinds=["sweep"], lease_seconds=5) is None
    assert [take(engine).job_id, take(engine).job_id] == [first, second]
    job = look(engine, first)
    assert (job.status, job.worker_id, job.attempts) == ("running", "a", 1)


def test_of_many_workers_at_once_each_job_goes_to_one(engine: Engine) -> None:
    jobs = {ask(engine) for _ in range(12)}
    taken: list[str] = []
    barrier = threading.Barrier(4)

    def work(worker: str) -> None:
        barrier.wait()
        while (
            claim := queue.claim_next(engine, worker_id=worker, kinds=[KIND], lease_seconds=60)
        ) is not None:
            taken.append(claim.job_id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(jobs)


def test_a_dead_workers_job_is_taken_over_and_a_living_ones_is_not(engine: Engine) -> None:
    job_id = ask(engine)
    dead = take(engine, "a", lease_seconds=-1)
    queue.write_progress(engine, dead, Progress(3, 9, "windows", 1.5, "counting"))
    heir = take(engine, "b")
    assert (heir.job_id, heir.attempt, heir.taken_from) == (job_id, 2, "a")
    assert queue.claim_next(engine, worker_id="c", kinds=[KIND], lease_seconds=5) is None
    with open_session(engine) as session:
        event = list_events(session, job_id=job_id)[-1]
    told = {"worker": "b", "dead_worker": "a", "told_before": {"windows": 3}}
    assert (event.kind, event.data) == ("resumed", told)


def test_a_job_that_was_resumed_says_once_from_where_it_goes_on(engine: Engine) -> None:
    job_id = ask(engine)
    dead = take(engine, "a", lease_seconds=-1)
    queue.say_from_where(engine, dead, 0, "windows")  # begun, not resumed: nothing to say
    queue.write_progress(engine, dead, Progress(3, 9, "windows", 1.5, "counting"))
    heir = take(engine, "b")
    for done in (1, 2):
        queue.say_from_where(engine, heir, done, "windows")
    with open_session(engine) as session:
        events = list_events(session, job_id=job_id)
    assert [event.kind for event in events] == ["queued", "started", "progress", "resumed"]
    assert events[-1].data == {
        "worker": "b",
        "dead_worker": "a",
        "told_before": {"windows": 3},
        "goes_on_from": {"windows": 2},
    }
    with pytest.raises(queue.LeaseLostError):
        queue.say_from_where(engine, dead, 3, "windows")


WRITES: dict[str, Callable[[Engine, Claim], object]] = {
    "progress": lambda e, c: queue.write_progress(e, c, Progress(1, 2, "windows", None, None)),
    "event": lambda e, c: queue.write_event(e, c, "published", {}),
    "message": lambda e, c: queue.write_message(e, c, "hello", "waiting"),
    "beat": lambda e, c: queue.beat(e, worker_id="a", claim=c, lease_seconds=60),
    "finish": lambda e, c: queue.finish(e, c, "succeeded"),
    "hand back": lambda e, c: queue.hand_back(e, c, "tired"),
    "poll": queue.is_cancel_requested,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_worker_that_lost_its_lease_changes_nothing(
    engine: Engine, write: Callable[[Engine, Claim], object]
) -> None:
    job_id = ask(engine)
    stalled = take(engine, "a", lease_seconds=-1)
    take(engine, "b")
    with open_session(engine) as session:
        before = (get_job(session, job_id=job_id), list_events(session, job_id=job_id))
    with pytest.raises(LeaseLostError):
        write(engine, stalled)
    with open_session(engine) as session:
        assert (get_job(session, job_id=job_id), list_events(session, job_id=job_id)) == before


def test_the_same_worker_in_an_earlier_attempt_counts_as_another(engine: Engine) -> None:
    ask(engine)
    earlier = take(engine, "a", lease_seconds=-1)
    take(engine, "a")
    with pytest.raises(LeaseLostError):
        queue.write_event(engine, earlier, "published", {})


def test_a_late_worker_whose_job_nobody_took_keeps_it(engine: Engine) -> None:
    ask(engine)
    late = take(engine, "a", lease_seconds=-1)
    queue.beat(engine, worker_id="a", claim=late, lease_seconds=60)
    assert queue.claim_next(engine, worker_id="b", kinds=[KIND], lease_seconds=5) is None


def test_a_job_that_is_handed_back_waits_for_anybody(engine: Engine) -> None:
    job_id = ask(engine)
    queue.hand_back(engine, take(engine), "stopped")
    assert look(engine, job_id).status == "queued"
    again = take(engine, "b")
    assert (again.attempt, again.taken_from) == (2, None)


def test_a_job_that_was_to_be_cancelled_is_not_handed_back(engine: Engine) -> None:
    job_id = ask(engine)
    claim = take(engine)
    with open_session(engine, commit=True) as session:
        request_cancel(session, job_id=job_id, actor="ada")
    queue.hand_back(engine, claim, "stopped")
    assert look(engine, job_id).status == "cancelled"


def test_of_progress_only_the_newest_event_is_kept_and_time_left_is_told(engine: Engine) -> None:
    job_id = ask(engine)
    claim = take(engine)
    for done in (1, 2, 3):
        queue.write_progress(engine, claim, Progress(done, 9, "windows", 1.5, "counting"))
    job = look(engine, job_id)
    assert job.progress.model_dump() == {
        "done": 3, "total": 9, "unit": "windows", "rate": 1.5, "seconds_left": 4,
        "estimating": False,
    }  # fmt: skip
    with open_session(engine) as session:
        events = list_events(session, job_id=job_id)
    assert [event.kind for event in events] == ["queued", "started", "progress"]
    assert events[-1].data["done"] == 3
    assert [event.id for event in events] == sorted(event.id for event in events)


def test_deaths_are_counted_while_the_job_gets_no_further(engine: Engine) -> None:
    ask(engine)
    claim = take(engine, lease_seconds=-1)
    for _ in range(3):
        claim = take(engine, lease_seconds=-1)
    assert queue.count_deaths(engine, claim) == 3
    queue.write_progress(engine, claim, Progress(1, None, "windows", None, None))
    claim = take(engine, lease_seconds=-1)
    assert queue.count_deaths(engine, claim) == 1


def test_deaths_at_varying_places_before_the_furthest_one_are_counted(engine: Engine) -> None:
    ask(engine)
    for done in (40, 80, 60, 75, 20):
        claim = take(engine, lease_seconds=-1)
        queue.write_progress(engine, claim, Progress(done, 100, "windows", None, None))
        queue.write_message(engine, claim, None, "resumed")  # the disk was full for a while
    assert queue.count_deaths(engine, take(engine)) == 4


def test_a_stop_in_between_begins_the_count_of_deaths_anew(engine: Engine) -> None:
    ask(engine)
    for _ in range(3):
        take(engine, lease_seconds=-1)
    queue.hand_back(engine, take(engine), "stopped")
    take(engine, lease_seconds=-1)
    assert queue.count_deaths(engine, take(engine)) == 1
