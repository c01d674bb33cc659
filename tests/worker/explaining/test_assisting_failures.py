"""An explain job whose language model answers badly or not at all."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from analysis.errors import AssistantError
from analysis.worker.explaining import assisting
from app.store.engine import open_session
from app.store.tables import RunTable
from tests.analysis.assistants.scripted import Play, fails, object_says, says, scripted
from tests.worker.explaining.assisted import (
    answers,
    form_of,
    found,
    request,
    run,
)
from tests.worker.sweeping.conftest import Swept


def test_garbage_is_a_failure_that_is_counted_and_told(fresh: Swept) -> None:
    with scripted(says("Sure! It is about kings.")) as endpoint:
        result = run(fresh, endpoint.url, request(fresh))
    rows = found(fresh, result["run_id"])
    assert [row.status for row in rows] == ["failed"] * 3
    for row in rows:
        assert row.text == row.details["failed_because"] == "no answer could be read: 1 × garbage"
        assert row.scores == {}
        assert [one["failure"][0] for one in row.details["asked"]] == ["garbage", "garbage"]
        assert row.details["asked"][0]["raw"] == "Sure! It is about kings."
    assert result["assistant"]["failures"] == {"garbage": 3}


def test_characters_that_no_database_holds_are_replaced_in_what_is_stored(fresh: Swept) -> None:
    with scripted(says("Kings\0 and \ud800 queens")) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, [12]))
    (row,) = found(fresh, result["run_id"])
    assert row.details["asked"][0]["raw"] == "Kings\ufffd and ? queens"


def test_judges_that_answer_garbage_are_counted_and_never_scored(fresh: Swept) -> None:
    def script(asked: dict[str, Any], _: int) -> Play:
        if form_of(asked) == "explanation":
            return object_says({"explanation": "the word king"})
        return says("Hm.")

    with scripted(script) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, judges=["simulation", "detection"]))
    for row in found(fresh, result["run_id"]):
        assert row.status == "current"
        for score in row.scores.values():
            assert score.status == "failed"
            assert score.reason == "the judge gave no answer that could be read"
            assert score.n_failed >= 8
            assert score.r is None


def test_some_answers_that_fail_leave_out_their_windows_alone(fresh: Swept) -> None:
    judge = answers()

    def script(asked: dict[str, Any], number: int) -> Play:
        if form_of(asked) == "levels" and hash_of(asked) % 3 == 0:
            return says("Hm.")
        return judge(asked, number)

    def hash_of(asked: dict[str, Any]) -> int:
        return sum(asked["messages"][-1]["content"].encode()) if len(asked["messages"]) < 5 else 0

    with scripted(script) as endpoint:
        result = run(fresh, endpoint.url, request(fresh, judges=["simulation"]))
    scores = [s for row in found(fresh, result["run_id"]) for s in row.scores.values()]
    assert sum(score.n_failed for score in scores) > 0
    assert any(score.n_windows < 8 and score.status == "scored" for score in scores)


def test_a_429_is_waited_out_and_one_without_end_is_a_failure(fresh: Swept) -> None:
    judge = answers()

    def busy_at_first(asked: dict[str, Any], number: int) -> Play:
        return fails(429, "slow down") if number == 0 else judge(asked, number)

    with scripted(busy_at_first) as endpoint:
        result = run(fresh, endpoint.url, request(fresh))
    assert {row.status for row in found(fresh, result["run_id"])} == {"current"}
    assert result["assistant"]["tried_again"] == {"rate_limited": 1}
    (fresh.settings.data / assisting.CACHE).unlink()
    with scripted(fails(429, "slow down")) as endpoint:
        result = run(fresh, endpoint.url, request(fresh))
    rows = found(fresh, result["run_id"])
    assert {row.details["failed_because"] for row in rows} == {
        "no answer could be read: 1 × rate_limited"
    }


def test_an_endpoint_that_dies_ends_the_job_and_stores_no_failures(fresh: Swept) -> None:
    judge = answers()
    units = list(range(24))

    def script(asked: dict[str, Any], number: int) -> Play:
        return judge(asked, number) if number < 60 else Play(200, "<html>gone</html>")

    with scripted(script) as endpoint:
        with pytest.raises(AssistantError, match="is not asked any more") as told:
            run(fresh, endpoint.url, request(fresh, units))
        assert "start the job again" in str(told.value.hint)
        with open_session(fresh.engine) as session:
            stopped = session.scalars(select(RunTable).order_by(RunTable.id.desc())).first()
        assert stopped is not None
        assert stopped.status == "failed"
        kept = found(fresh, stopped.id)
        assert len(kept) in (8, 16)  # whole groups
        assert "<html>" not in json.dumps([row.details for row in kept])
        endpoint.script = judge
        before = len(endpoint.requests)
        result = run(fresh, endpoint.url, request(fresh, units))
        paid_again = len(endpoint.requests) - before
    assert len(found(fresh, result["run_id"])) == 24
    tally = result["assistant"]
    assert tally["n_cached"] >= 50
    assert paid_again == tally["n_calls"] == tally["n_questions"] - tally["n_cached"]
