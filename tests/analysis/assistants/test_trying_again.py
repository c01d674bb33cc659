"""How long is waited before a call is made again."""

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from analysis.assistants.patience import Patience, retry_after
from tests.analysis.assistants.asking import assistant, question
from tests.analysis.assistants.scripted import Play, fails, in_turn, object_says, scripted
from tests.contracts.tree import ROOT

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def test_waits_double_up_to_the_longest_with_jitter_between_half_and_all() -> None:
    patience = Patience(tries=9, first_wait=1.0, longest_wait=10.0)
    for tried, whole in enumerate((1, 2, 4, 8, 10, 10), start=1):
        waits = [patience.wait(tried, None, jitter) for jitter in (0.0, 0.5, 1.0)]
        assert waits == [whole * 0.5, whole * 0.75, whole]
    assert patience.wait(9, None, 0.0) is None


def test_who_asks_for_a_time_gets_at_least_that_and_for_too_long_a_time_no_more_calls() -> None:
    patience = Patience(tries=5, first_wait=1.0, longest_wait=10.0)
    assert [patience.wait(3, 7.0, jitter) for jitter in (0.0, 0.5, 1.0)] == [7.0, 7.5, 8.0]
    assert patience.wait(1, 11.0, 0.0) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("3", 3.0),
        ("0.25", 0.25),
        ("-4", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(said: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": said}, NOON) == seconds


def test_no_retry_after_asks_for_nothing() -> None:
    assert retry_after({}, NOON) is None


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again_and_the_reason_counted(status: int) -> None:
    plays = in_turn(fails(status), object_says({"number": 7}))
    with scripted(plays) as endpoint, assistant(endpoint.url) as asker:
        answered = asker.ask(question())
        assert answered.value == 7
        assert answered.asked[0].tries == 2
        assert sum(asker.tally.tried_again.values()) == 1
        assert asker.tally.failures == {}


def test_retry_after_is_waited_for_by_everybody() -> None:
    told = threading.Event()

    def script(_: dict, number: int) -> Play:
        if number == 0:
            told.set()
            return fails(429, Retry_After="2.0")
        return object_says({"number": 7})

    with scripted(script) as endpoint, assistant(endpoint.url, concurrency=2) as asker:
        first = threading.Thread(target=asker.ask, args=(question("a"),))
        first.start()
        told.wait(10)
        time.sleep(1.0)  # by then the first one knows
        assert asker.ask(question("b")).value == 7
        first.join()
        began, *later = endpoint.arrivals
        assert len(later) == 2
        assert all(at - began >= 1.9 for at in later)


def test_who_is_told_to_come_back_tomorrow_gives_up_at_once() -> None:
    with scripted(fails(429, Retry_After="86400")) as endpoint, assistant(endpoint.url) as asker:
        failure = asker.ask(question()).failure
        assert failure is not None
        assert failure.kind == "rate_limited"
        assert len(endpoint.requests) == 1


class StoppedError(Exception):
    """What a job's own check raises."""


def test_a_cancelled_job_leaves_at_once_and_starts_no_other_call() -> None:
    cancelled = threading.Event()

    def check() -> None:
        if cancelled.is_set():
            raise StoppedError

    def script(_: dict, __: int) -> Play:
        cancelled.set()
        return object_says({"number": 7}, wait=20)

    with scripted(script) as endpoint:
        began = time.monotonic()
        with (
            assistant(endpoint.url, concurrency=2, timeout=30, check=check) as asker,
            pytest.raises(StoppedError),
        ):
            asker.ask_all([question(str(number)) for number in range(10)])
        assert time.monotonic() - began < 10
        assert len(endpoint.requests) <= 2


def test_a_cancelled_job_does_not_wait_for_its_next_try() -> None:
    cancelled = threading.Event()

    def check() -> None:
        if cancelled.is_set():
            raise StoppedError

    def script(_: dict, __: int) -> Play:
        cancelled.set()
        return fails(429, Retry_After="50")

    with scripted(script) as endpoint:
        began = time.monotonic()
        with (
            assistant(endpoint.url, patience=Patience(), check=check) as asker,
            pytest.raises(StoppedError),
        ):
            asker.ask(question())
        assert time.monotonic() - began < 10


LEAVING = """
import sys
from tests.analysis.assistants.asking import assistant, question
def check():
    if checks.pop(): raise SystemExit(7)
checks = [True] + 20 * [False]
with assistant(sys.argv[1], timeout=60, check=check) as asker:
    asker.ask(question())
"""


def test_a_process_that_leaves_does_not_wait_for_an_answer() -> None:
    with scripted(object_says({"number": 7}, wait=60)) as endpoint:
        command = [sys.executable, "-c", LEAVING, endpoint.url]
        left = subprocess.run(command, check=False, timeout=40, cwd=ROOT)
        assert len(endpoint.requests) == 1
    assert left.returncode == 7


def test_no_more_calls_are_under_way_at_once_than_allowed() -> None:
    with scripted(object_says({"number": 7}, wait=0.05)) as endpoint:
        with assistant(endpoint.url, concurrency=3) as asker:
            threads = [
                threading.Thread(
                    target=asker.ask_all, args=([question(f"{part}.{n}") for n in range(6)],)
                )
                for part in range(3)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(endpoint.requests) == 18
        assert 2 <= endpoint.most_at_once <= 3
