"""When a model is said to be able to do a task."""

import pytest

from analysis.solving.competence import judge, wilson
from analysis.solving.measuring import Measured, measure, reader_of_model
from analysis.tasks.generating import generate
from tests.analysis.solving.tasks import BEFORE, metric_of, planted_pairs, task_of
from tests.analysis.tasks.readers import words_apart


def measured(n_right, n, *, chance=0.5, clean=None):
    return Measured(
        clean=tuple(clean or [1.0] * n),
        counterfactual=(0.0,) * n,
        right=(True,) * n_right + (False,) * (n - n_right),
        ranks=(1,) * n_right + (9,) * (n - n_right),
        chances=(chance,) * n,
    )


def pairs(n):
    return generate("induction", words_apart("a b c d e f g h i j"), n=n, seed=0)


def test_wilsons_interval_is_that_of_the_textbook():
    found = wilson(81, 263)
    assert (found.value, found.low, found.high) == pytest.approx((0.308, 0.255, 0.366), abs=5e-4)


def test_of_a_model_that_is_always_right_the_interval_is_not_a_point():
    found = wilson(64, 64)
    assert found.low == pytest.approx(0.943, abs=1e-3)
    assert found.high == 1.0


def test_a_model_that_is_right_above_chance_can_do_the_task():
    found = judge(pairs(64), measured(60, 64))
    assert found.verdict == "can do"
    assert (found.n_right, found.n_prompts, found.chance) == (60, 64, 0.5)
    assert "60 of 64" in found.reason
    assert found.median_rank == 1.0


def test_a_model_whose_interval_reaches_down_to_chance_cannot():
    found = judge(pairs(64), measured(38, 64))
    assert found.accuracy.value > 0.5 > found.accuracy.low
    assert found.verdict == "cannot do"
    assert "does not lie above chance" in found.reason


def test_the_same_accuracy_is_enough_where_chance_is_lower():
    assert judge(pairs(64), measured(38, 64, chance=0.25)).verdict == "can do"


@pytest.mark.parametrize("n", [1, 3])
def test_few_prompts_tell_nothing_even_if_all_are_right(n):
    found = judge(pairs(n), measured(n, n))
    assert found.verdict == "cannot do"
    assert "too few prompts" in found.reason
    assert found.clean.low is None


def test_a_task_without_answers_has_no_accuracy(planted, planted_reader):
    task = task_of(planted_pairs(planted_reader, right="", wrong=""), metric=metric_of("kl"))
    found = judge(task, measure(planted, task))
    assert (found.verdict, found.accuracy, found.chance) == ("no answers", None, None)
    assert found.median_rank is found.one_answer is None
    assert found.gap.high < 0


def test_what_one_answer_for_all_would_reach_is_said_where_it_is_as_good(planted, planted_reader):
    task = task_of(planted_pairs(planted_reader))
    found = judge(task, measure(planted, task))
    assert found.verdict == "can do"
    assert found.one_answer == 1.0
    assert "one answer given to all would be right in 100%" in found.reason
    assert "one answer" not in judge(pairs(64), measured(60, 64)).reason


def test_the_planted_model_can_do_what_was_planted_and_nothing_else(planted, planted_reader):
    found, other = (
        judge(task, measure(planted, task))
        for task in (
            task_of(planted_pairs(planted_reader)),
            task_of(planted_pairs(planted_reader, right="king", wrong="tree")),
        )
    )
    assert (found.verdict, other.verdict) == ("can do", "cannot do")
    assert (found.clean.value, found.counterfactual.value, found.gap.value) == (1.0, -2.0, 3.0)
    assert len(BEFORE) == found.n_prompts


def test_a_random_model_cannot_do_induction(load_tiny):
    model = load_tiny("gpt2")
    task = generate("induction", reader_of_model(model), n=64, seed=0)
    assert judge(task, measure(model, task)).verdict == "cannot do"


def test_the_interval_of_the_metric_is_over_prompts_and_the_same_each_time():
    values = [float(number) for number in range(64)]
    found = judge(pairs(64), measured(64, 64, clean=values))
    assert found == judge(pairs(64), measured(64, 64, clean=values))
    assert found.clean.value == 31.5
    half = 1.96 * 18.5 / 8
    assert found.clean.low == pytest.approx(31.5 - half, abs=1)
    assert found.clean.high == pytest.approx(31.5 + half, abs=1)
