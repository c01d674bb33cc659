"""Which tail detection, fuzzing and AUROC judge, and that they judge it alike."""

import numpy as np
import pytest

from analysis.score.baselines import Baselines
from analysis.score.detection import choose_windows
from analysis.score.scoring import fit_decisions, score_explanation
from analysis.score.tails import Firing, find_firing
from analysis.score.units import Prediction, take_target
from tests.analysis.score.pools import pool_of

JUDGED = ("detection", "fuzzing", "auroc")


def _firing(values):
    actual = np.asarray(values, np.float64)[None, None, :]
    return find_firing(actual, np.ones(actual.shape[1:], bool))[0]


def _noise(n=5000, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def _gated(seed):
    """Low at token 3, less high at token 4, each one of a hundred: where, and the activations."""
    rng = np.random.default_rng(seed)
    tokens = rng.permutation(np.arange(1000) % 100).reshape(40, 25)
    noise = rng.uniform(-0.1, 0.1, tokens.shape)
    return tokens, noise - 3 * (tokens == 3) + 0.5 * (tokens == 4)


def _scored(predict, sign=1):
    """On test, with everything else found on fit and calibration."""
    (_, fit), (calibrated, calibration), (tested, test) = (_gated(seed) for seed in range(3))
    pool = pool_of(40, 25, replicates=50)
    [firing] = find_firing(sign * fit[None], pool.within)
    decisions = fit_decisions(
        sign * calibration, sign * predict(calibrated), pool=pool, firing=firing
    )
    prediction = Prediction(sign * predict(tested), decisions)
    baselines = Baselines(sign * float(fit.mean()), prediction)
    return score_explanation(sign * test, prediction, baselines=baselines, pool=pool, firing=firing)


def test_of_equal_tails_the_upper_one_is_judged_from_the_99th_percentile_on():
    assert _firing(np.arange(-500, 501)) == Firing(490.0, "upper")
    assert _firing(np.arange(-500, 501) - 2000) == Firing(-2490.0, "lower")
    assert _firing(np.full(1001, np.nan)) is None
    assert _firing([2.0]) == Firing(2.0)


def test_the_threshold_is_the_percentile_that_numpy_tells():
    values = _noise(1234).astype(np.float32)
    for sign, percentile in ((1, 99), (-1, 1)):
        one = np.where(sign * values > 2, 3 * values, values)
        found = _firing(one)
        assert found.tail == ("upper" if sign > 0 else "lower")
        assert found.threshold == pytest.approx(np.percentile(one, percentile), rel=1e-6)


def test_the_tail_that_lies_farther_from_what_is_usual_is_judged():
    noise = _noise()
    rare = np.where(np.arange(5000) % 300 == 0, 6.0, 0.0)
    assert _firing(noise + rare).tail == "upper"
    assert _firing(noise - rare).tail == "lower"
    assert _firing(noise - rare - 3).tail == "lower"
    assert _firing(-3 + 0.3 * noise + rare).tail == "upper"  # low nearly always is no firing
    assert _firing(-rare) == Firing(0.0, "lower")  # silent but for one token of 300
    assert _firing(np.maximum(noise, 0)).tail == "upper"


def test_activations_that_are_never_below_0_fire_upwards():
    norms = 9 + np.where(np.arange(5000) % 300 == 0, -8.0, 0.0) + 0.1 * _noise()
    assert norms.min() > 0
    assert _firing(norms).tail == "upper"
    assert _firing(np.zeros(100)) == Firing(0.0, "upper")


def test_a_right_program_of_the_lower_tail_is_found_right_and_one_of_the_upper_tail_is_not():
    right = _scored(lambda tokens: -3.0 * (tokens == 3))
    other = _scored(lambda tokens: 0.5 * (tokens == 4))
    for metric in JUDGED:
        assert right.of(metric).score.value > 0.95
        assert other.of(metric).score.value == pytest.approx(0.5, abs=0.06)
        assert right.of(metric).cases.tail == other.of(metric).cases.tail == "lower"
        assert right.of(metric).mean == 0.5
        assert right.of(metric).lookup == right.of(metric).score.value
    assert right.of("corpus_r").cases is None


def test_a_unit_turned_over_has_the_same_scores_in_every_metric():
    for predict in (lambda tokens: -3.0 * (tokens == 3), np.sin):
        ours, turned = _scored(predict), _scored(predict, sign=-1)
        np.testing.assert_allclose(ours.values(), turned.values(), rtol=1e-5, atol=1e-6)
        assert ours.of("auroc").cases.tail == "lower"
        assert turned.of("auroc").cases.tail == "upper"


def test_a_reading_judge_is_asked_about_windows_that_are_low():
    _, actual = _gated(5)
    target = take_target(actual, pool_of(40, 25), firing=Firing(-1.0, "lower"))
    chosen = choose_windows(target, n=16, generator=np.random.default_rng(0))
    lowest = actual.min(1)
    assert (lowest[chosen.windows[chosen.fires]] < -1).all()
    quiet = np.setdiff1d(np.flatnonzero(lowest >= -1), chosen.windows[chosen.near_miss])
    assert lowest[chosen.windows[chosen.near_miss]].max() <= lowest[quiet].min()
