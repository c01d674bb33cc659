"""Precision at the share of firing windows that the pool has."""

import numpy as np
import pytest

from analysis.score.detection import choose_windows
from analysis.score.judging import Verdicts, score_verdicts
from analysis.score.pools import Pool
from analysis.score.prevalence import FIRING, NEAR, OTHER, Parts, in_pool
from analysis.score.tails import Firing
from analysis.score.units import take_target
from tests.analysis.score.pools import pool_of

PARTS = Parts(np.array([FIRING] * 4 + [NEAR] * 2 + [OTHER] * 2), (10, 2, 188))


def test_false_alarms_weigh_as_much_as_they_occur_in_the_pool() -> None:
    """Recall ¾; false alarms at ½ of 2 near misses and ½ of 188 others: f = 95/190, pi = 1/20."""
    says = np.array([1, 1, 1, 0, 1, 0, 1, 0], bool)
    found = in_pool(PARTS, np.arange(8), says)
    assert found.prevalence == 0.05
    assert found.precision == pytest.approx(0.75 * 0.05 / (0.75 * 0.05 + 0.5 * 0.95))


def test_near_misses_that_are_more_frequent_among_the_judged_do_not_lower_it() -> None:
    says = np.array([1, 1, 1, 1, 1, 1, 0, 0], bool)  # f is ½ of the judged, 2 of 190 in the pool
    assert in_pool(PARTS, np.arange(8), says).precision == pytest.approx(10 / 12)


def test_unreadable_answers_are_left_out_part_by_part() -> None:
    says, answered = np.array([1, 0, 1, 0, 0], bool), np.array([0, 1, 4, 5, 6])
    assert in_pool(PARTS, answered, says).precision == pytest.approx(5 / (5 + 1))
    assert in_pool(PARTS, answered[:4], says[:4]).precision is None  # nothing known of others


def test_a_judge_that_never_says_yes_has_none() -> None:
    found = in_pool(PARTS, np.arange(8), np.zeros(8, bool))
    assert (found.prevalence, found.precision) == (0.05, None)


def test_chosen_windows_tell_the_same_as_the_whole_pool() -> None:
    """On average over what was drawn."""
    rng = np.random.default_rng(5)
    actual = rng.random((400, 1))
    target = take_target(actual, pool_of(400, 1), firing=Firing(0.9))
    fires = target.fires[:, 0]
    says = (
        fires & (rng.random(400) < 0.8) | ~fires & (rng.random(400) < 0.1) | (actual[:, 0] > 0.87)
    )
    among = fires[says].mean()
    told, as_judged = [], []
    for seed in range(300):
        chosen = choose_windows(target, n=24, generator=np.random.default_rng(seed))
        found = in_pool(chosen.parts, np.arange(24), says[chosen.windows])
        assert found.prevalence == fires.mean()
        assert found.precision is not None
        told.append(1 / found.precision)  # its inverse is a mean, nearly
        as_judged.append(chosen.fires[says[chosen.windows]].mean())
    assert np.mean(told) == pytest.approx(1 / among, rel=0.05)
    assert np.mean(as_judged) > among + 0.15


def test_it_stands_with_the_cases_of_detection() -> None:
    pool: Pool = pool_of(8, 1)
    target = take_target(np.array([[5.0]] * 4 + [[0.0]] * 4), pool, firing=Firing(2.0))
    verdicts = Verdicts(np.arange(8), np.array([1, 1, 1, 0, 1, 0, 1, 0], bool), target.fires[:, 0])
    cases = score_verdicts(target, detection=verdicts, parts=PARTS).of("detection_precision").cases
    assert cases is not None
    assert (cases.n_yes, cases.n) == (4, 8)
    assert cases.in_pool == in_pool(PARTS, np.arange(8), verdicts.says)
    alone = score_verdicts(target, detection=verdicts).of("detection_precision").cases
    assert alone is not None
    assert alone.in_pool is None
