import numpy as np
import pytest

from analysis.score.protocols import score_top_random
from analysis.score.tails import Firing
from analysis.score.units import Prediction, TopWindows, take_target
from tests.analysis.score.pools import pool_of


def _case(top_documents=tuple(range(8))):
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(12, 10))
    predicted = actual + rng.normal(size=actual.shape)
    n = len(top_documents)
    top_actual = 3 + rng.normal(size=(n, 10))
    top_predicted = 3 + rng.normal(size=(n, 10))
    top = TopWindows(top_actual, np.array([10] * (n - 1) + [4]), np.array(top_documents))
    pool = pool_of(12, 10, counted_from=1, replicates=200)
    return take_target(actual, pool, firing=Firing(1.0), top=top), predicted, top_predicted


def test_both_halves_weigh_the_same():
    target, predicted, top_predicted = _case()
    prediction = Prediction(predicted, top=top_predicted)
    found = score_top_random(target, prediction, target.pool.draws)
    counted = np.arange(10) < target.top.lengths[:, None]
    counted[:, 0] = False
    a = np.concatenate([target.actual[:, 1:].ravel(), target.top.actual[counted]])
    p = np.concatenate([predicted[:, 1:].ravel(), top_predicted[counted]])
    n = counted.sum()
    weights = np.repeat([0.5 / 108, 0.5 / n], [108, n])
    covariance = np.cov(a, p, aweights=weights)
    r = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert found.values == pytest.approx([r])
    assert found.replicates.shape == (200, 1)
    low, high = np.percentile(found.replicates, [2.5, 97.5])
    assert low < r < high


def test_top_windows_of_few_documents_give_no_interval():
    target, predicted, top_predicted = _case(top_documents=(7, 8, 8, 9, 10, 11, 12, 13))
    prediction = Prediction(predicted, top=top_predicted)
    found = score_top_random(target, prediction, target.pool.draws)
    assert np.isfinite(found.values).all()
    assert len(found.replicates) == 0


def test_without_top_windows_it_is_undefined():
    target, predicted, _ = _case()
    found = score_top_random(target, Prediction(predicted), target.pool.draws)
    assert np.isnan(found.values).all()
    assert found.reasons == ("no top windows of this split are kept",)
