import numpy as np
import pytest

from analysis.score.detection import (
    choose_windows,
    fit_detection,
    judge_windows,
    score_detection,
)
from analysis.score.tails import Firing
from analysis.score.thresholds import choose_threshold
from analysis.score.units import Decisions, Prediction, take_target
from tests.analysis.score.pools import pool_of

ACTUAL = np.array([[0.0, 5], [0, 4], [0, 1], [0, 0]])
"""With the threshold 2, the first two windows fire."""


def _target(pool=None):
    return take_target(ACTUAL, pool or pool_of(4, 2), firing=Firing(2.0))


def test_the_three_numbers_by_hand():
    predicted = np.array([[0.0, 9], [0, 1], [0, 9], [0, 0]])  # hit, miss, false alarm, rejected
    prediction = Prediction(predicted, Decisions(detection=3.0))
    found = score_detection(_target(), prediction, np.zeros((0, 4)))
    assert found.values.tolist() == [0.5, 0.5, 0.5]
    better = Prediction(np.where(predicted == 1, 4, predicted), Decisions(detection=3.0))
    found = score_detection(_target(), better, np.zeros((0, 4)))
    assert found.values == pytest.approx([0.75, 2 / 3, 1])


def test_tokens_that_are_not_counted_say_nothing():
    pool = pool_of(4, 2, lengths=[1, 2, 2, 2])
    predicted = np.array([[0.0, 99], [0, 9], [0, 0], [0, 0]])
    prediction = Prediction(predicted, Decisions(detection=3.0))
    found = score_detection(_target(pool), prediction, np.zeros((0, 4)))
    assert found.values.tolist() == [1, 1, 1]


def test_the_threshold_is_the_best_on_calibration():
    predicted = np.array([[0.0, 9], [0, 8], [0, 4], [0, 0]])
    assert fit_detection(_target(), Prediction(predicted)) == 6


def test_a_threshold_needs_two_sides():
    assert choose_threshold(np.array([1.0, 2]), np.array([True, True])) is None
    assert choose_threshold(np.array([1.0, 2]), np.array([False, False])) is None
    assert choose_threshold(np.zeros(0), np.zeros(0, bool)) is None


def test_marks_that_never_vary_say_no():
    threshold = choose_threshold(np.full(4, 3.0), np.array([True, False, True, False]))
    assert threshold == 3


def test_without_a_threshold_it_is_undefined_and_says_why():
    found = score_detection(_target(), Prediction(ACTUAL), np.zeros((5, 4)))
    assert np.isnan(found.values).all()
    assert "on calibration" in found.reasons[0]


def test_a_judge_that_never_says_yes_has_no_precision():
    verdicts, truth = np.zeros(4, bool), np.array([True, True, False, False])
    found = judge_windows(verdicts, truth, np.arange(4), _target(), np.zeros((0, 4)))
    assert found.values[[0, 2]].tolist() == [0.5, 0]
    assert found.reasons == (None, "the judge never says yes", None)


def test_a_language_model_is_asked_about_near_misses_too():
    actual = np.arange(40.0)[:, None]
    target = take_target(actual, pool_of(40, 1), firing=Firing(29.5))
    chosen = choose_windows(target, n=16, generator=np.random.default_rng(0))
    assert len(set(chosen.windows.tolist())) == 16
    assert chosen.fires.sum() == 8
    assert sorted(chosen.windows[chosen.near_miss].tolist()) == [26, 27, 28, 29]
    assert (actual[chosen.windows, 0] > 29.5).tolist() == chosen.fires.tolist()


def test_fewer_windows_are_chosen_where_there_are_not_so_many():
    chosen = choose_windows(_target(), n=16, generator=np.random.default_rng(0))
    assert sorted(chosen.windows.tolist()) == [0, 1, 2, 3]
    assert chosen.near_miss.sum() == 1
