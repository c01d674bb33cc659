import numpy as np
import pytest

from analysis.score.judging import Verdicts, score_verdicts
from analysis.score.tails import Firing
from analysis.score.units import take_target
from tests.analysis.score.pools import pool_of


def _target():
    actual = np.tile([[0.0, 5], [0, 0]], (6, 1))
    return take_target(actual, pool_of(12, 2, replicates=100), firing=Firing(2.0))


def test_a_language_model_is_scored_by_what_it_answered():
    verdicts = Verdicts(
        windows=np.array([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]),
        says=np.array([True] * 4 + [False] * 6 + [True] * 2),
        truth=np.repeat([True, False], 6),
    )
    scores = score_verdicts(_target(), detection=verdicts)
    assert scores.status == "scored"
    assert scores.of("detection").score.value == pytest.approx(2 / 3)
    assert scores.of("detection").score.low < 2 / 3 < scores.of("detection").score.high
    assert scores.r is None
    assert scores.of("corpus_r").reason == "this judge was not asked"
    assert scores.of("fuzzing").reason == "this judge was not asked"


def test_marks_are_scored_likewise():
    verdicts = Verdicts(
        windows=np.array([0, 0, 2, 2]),
        says=np.array([True, False, True, True]),
        truth=np.array([True, False, True, False]),
    )
    scores = score_verdicts(_target(), fuzzing=verdicts)
    assert scores.of("fuzzing").score.value == 0.75


def test_a_judge_without_a_readable_answer_has_failed():
    nothing = Verdicts(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, bool))
    scores = score_verdicts(_target(), detection=nothing)
    assert scores.status == "failed"
    assert np.isnan(scores.values()).all()
