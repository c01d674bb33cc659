import numpy as np
import pytest

from analysis.score.fuzzing import cases, fit_fuzzing, score_fuzzing
from analysis.score.tails import Firing
from analysis.score.units import Decisions, Prediction, take_target
from tests.analysis.score.pools import pool_of

ACTUAL = np.array([[9.0, 0, 0, 0], [0, 9, 9, 0], [0, 0, 0, 0], [9, 9, 9, 0]])
"""With the threshold 2: one fires, two fire, none does, more fire than do not."""


def _target(**options):
    return take_target(ACTUAL, pool_of(4, 4, **options), firing=Firing(2.0))


def test_as_many_quiet_tokens_are_marked_falsely_where_that_is_possible():
    marks = _target().false_marks
    assert marks.sum(1).tolist() == [1, 2, 0, 0]
    assert not (marks & (ACTUAL > 2)).any()
    assert marks[1].tolist() == [True, False, False, True]


def test_the_marks_depend_on_the_seed_and_not_on_the_order_of_the_windows():
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(30, 20))

    def marked(pool, rows=slice(None)):
        return take_target(actual[rows], pool, firing=Firing(1.0)).false_marks

    marks = marked(pool_of(30, 20, seed=1))
    assert (marks != marked(pool_of(30, 20, seed=2))).any()
    np.testing.assert_array_equal(marks, marked(pool_of(30, 20, seed=1)))


def test_a_program_that_knows_is_always_right_and_one_that_says_nothing_half_the_time():
    target = _target()
    knows = Prediction(ACTUAL, Decisions(fuzzing=1.0))
    nothing = Prediction(np.full((4, 4), 0.7), Decisions(fuzzing=1e-9))
    upside_down = Prediction(-ACTUAL, Decisions(fuzzing=1.0))
    draws = np.zeros((0, 4))
    assert score_fuzzing(target, knows, draws).values == pytest.approx([1])
    assert score_fuzzing(target, nothing, draws).values == pytest.approx([0.5])
    assert score_fuzzing(target, upside_down, draws).values == pytest.approx([0])


def test_the_difference_of_means_by_hand():
    predicted = np.array([[8.0, 2, 2, 2]] + [[0.0] * 4] * 3)
    differences, truth, windows = cases(_target(), Prediction(predicted))
    assert truth.tolist() == [True, True, False, False]
    assert windows.tolist() == [0, 1, 0, 1]
    assert differences == pytest.approx([6, 0, 2 - 4, 0])


def test_the_threshold_comes_from_calibration():
    assert fit_fuzzing(_target(), Prediction(ACTUAL)) == pytest.approx(
        (min(9, 9) + max(0 - 3, 0 - 9)) / 2
    )


def test_it_is_undefined_where_nothing_can_be_marked():
    silent = take_target(np.zeros((4, 4)), pool_of(4, 4), firing=Firing(2.0))
    found = score_fuzzing(silent, Prediction(ACTUAL, Decisions(fuzzing=1.0)), np.zeros((0, 4)))
    assert np.isnan(found.values).all()
    assert found.reasons == ("no window can be marked both ways",)
    assert fit_fuzzing(silent, Prediction(ACTUAL)) is None
