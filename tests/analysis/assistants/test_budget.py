"""Nothing is asked that could cost more than is left."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.assistants.budget import Budget, Prices, Spending
from analysis.assistants.cache import ReplyCache
from analysis.errors import BudgetSpent
from tests.analysis.assistants.asking import assistant, question
from tests.analysis.assistants.scripted import fails, object_says, scripted

PRICES = Prices(tokens_in=1.0, tokens_out=10.0)
NEEDED = question().most_prompt_tokens + 20


def test_what_a_call_can_cost_is_set_aside_and_what_it_did_cost_is_booked() -> None:
    budget = Budget(tokens=100, dollars=0.001, prices=PRICES)
    set_aside = budget.set_aside(40, 20)
    assert (set_aside.tokens, set_aside.dollars) == (60, pytest.approx(240e-6))
    with pytest.raises(BudgetSpent):
        Budget(tokens=59).set_aside(40, 20)
    assert budget.settle(set_aside, 30, 5) == pytest.approx(80e-6)
    assert (budget.spent.tokens, budget.spent.dollars) == (35, pytest.approx(80e-6))
    assert budget.set_aside(60, 5).tokens == 65
    with pytest.raises(BudgetSpent, match=r"0\.001 dollars and 100 tokens; spent: 0\.0001 dollars"):
        budget.set_aside(60, 6, go_on=lambda: False)


def test_dollars_are_per_million_tokens_in_and_out() -> None:
    assert Prices(2.5, 10.0).of(1_000_000, 100_000) == 3.5


def test_a_budget_in_dollars_stops_by_dollars() -> None:
    budget = Budget(dollars=100e-6, prices=PRICES)
    budget.settle(budget.set_aside(60, 4), 60, 4)
    assert budget.spent.dollars == pytest.approx(100e-6)
    with pytest.raises(BudgetSpent):
        budget.set_aside(1, 0)


def test_who_does_not_fit_now_waits_for_calls_that_may_turn_out_cheaper() -> None:
    budget = Budget(tokens=100)
    under_way = budget.set_aside(80, 0)
    fitted: list[Spending] = []
    waiting = threading.Thread(target=lambda: fitted.append(budget.set_aside(60, 0)))
    waiting.start()
    assert fitted == []
    budget.settle(under_way, 30, 0)
    waiting.join(timeout=10)
    assert fitted == [Spending(60, 0.0)]


def test_a_job_that_is_taken_up_again_remembers_what_it_spent() -> None:
    with pytest.raises(BudgetSpent):
        Budget(tokens=100, spent=Spending(95, 0.0)).set_aside(6, 0)


def test_a_spent_budget_ends_the_batch_before_it_is_exceeded() -> None:
    budget = Budget(tokens=NEEDED + 70)
    with scripted(object_says({"number": 7}, usage=(30, 5))) as endpoint:
        with (
            assistant(endpoint.url, budget=budget, concurrency=2) as asker,
            pytest.raises(BudgetSpent) as ended,
        ):
            asker.ask_all([question() for _ in range(10)])
        assert len(endpoint.requests) == 3
        assert budget.spent.tokens == 3 * 35 <= NEEDED + 70
    assert "not asked again" in (ended.value.hint or "")


def test_calls_under_way_when_a_budget_ends_are_awaited_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    slow = question("slow")
    with scripted(object_says({"number": 7}, wait=0.7)) as endpoint:
        with (
            assistant(endpoint.url, budget=Budget(tokens=NEEDED + 70), cache=path) as asker,
            pytest.raises(BudgetSpent),
        ):
            asker.ask_all([slow, question("dear", max_tokens=10_000)])
        kept = ReplyCache(path).find(slow.key(endpoint.url))
    assert kept is not None
    assert kept.text == '{"number": 7}'


def test_what_was_answered_before_the_end_is_not_paid_twice(tmp_path: Path) -> None:
    questions = [question(str(number)) for number in range(6)]
    with scripted(object_says({"number": 7}, usage=(30, 5))) as endpoint:
        budget = Budget(tokens=NEEDED + 70)
        with (
            assistant(endpoint.url, budget=budget, cache=tmp_path / "replies.sqlite") as asker,
            pytest.raises(BudgetSpent),
        ):
            asker.ask_all(questions)
        answered_before = len(endpoint.requests)
        assert 0 < answered_before < 6
        with assistant(endpoint.url, cache=tmp_path / "replies.sqlite") as asker:
            assert [answer.value for answer in asker.ask_all(questions)] == [7] * 6
            assert asker.tally.n_cached == answered_before
        assert len(endpoint.requests) == 6


def test_without_room_for_one_call_nothing_is_sent() -> None:
    with scripted(object_says({"number": 7})) as endpoint:
        with (
            assistant(endpoint.url, budget=Budget(dollars=0.0, prices=PRICES)) as asker,
            pytest.raises(BudgetSpent),
        ):
            asker.ask(question())
        assert endpoint.requests == []


def test_refused_calls_cost_nothing_and_those_that_time_out_all_they_can() -> None:
    budget = Budget(prices=PRICES)
    with scripted(fails(500)) as endpoint, assistant(endpoint.url, budget=budget) as asker:
        (asked,) = asker.ask(question()).asked
        assert (asked.dollars, asked.tokens_in, asked.counted) == (0.0, 0, True)
        assert budget.spent == Spending(0, 0.0)
    slow = object_says({"number": 7}, wait=30)
    with (
        scripted(slow) as endpoint,
        assistant(endpoint.url, budget=budget, timeout=0.1) as asker,
    ):
        (asked,) = asker.ask(question()).asked
    assert asked.counted is False
    assert asked.tokens_out == 20 * asked.tries
    assert budget.spent.tokens == NEEDED * asked.tries


def test_prompts_are_never_charged_with_more_tokens_than_were_set_aside() -> None:
    for text in ("", "plain", "Ünïcödé ⟦⟧ 漢字 🐚" * 20):
        most = question(text).most_prompt_tokens
        assert most >= len(f"Count.{text}".encode()) + 16
    asked = question()
    large = replace(asked, form=replace(asked.form, schema={"enum": ["x" * 900]}))
    assert large.most_prompt_tokens >= asked.most_prompt_tokens + 800


def test_the_tally_adds_up_what_was_paid(tmp_path: Path) -> None:
    with (
        scripted(object_says({"number": 7}, usage=(30, 5))) as endpoint,
        assistant(
            endpoint.url, budget=Budget(prices=PRICES), cache=tmp_path / "replies.sqlite"
        ) as asker,
    ):
        answers = [*asker.ask_all([question("a"), question("b")]), asker.ask(question("a"))]
        tally = asker.tally
    assert (tally.n_questions, tally.n_calls, tally.n_cached) == (3, 2, 1)
    assert (tally.tokens_in, tally.tokens_out) == (60, 10)
    assert tally.dollars == pytest.approx(160e-6)
    assert [answer.asked[0].dollars for answer in answers] == pytest.approx([80e-6, 80e-6, 0.0])
