from statistics import NormalDist

import numpy as np
import pytest

from analysis.score.bootstrap import (
    draw_documents,
    intervals,
    resample,
    tail_of,
)
from analysis.score.correlation import finish, window_sums
from analysis.score.units import centre


def _mean(sums):
    return sums.T[1:2].T / sums.T[:1].T


def test_every_resample_takes_as_many_documents_as_there_are():
    draws = draw_documents(7, 200, 3)
    assert draws.shape == (200, 7)
    assert (draws.sum(1) == 7).all()
    assert draws.mean() == 1


def test_the_same_seed_draws_the_same_and_another_does_not():
    again = np.random.default_rng([3, 7]).multinomial(7, np.full(7, 1 / 7), size=200)
    np.testing.assert_array_equal(draw_documents(7, 200, 3), again)
    assert (draw_documents(7, 200, 4) != again).any()


def test_a_resample_is_what_repeating_documents_would_give():
    rng = np.random.default_rng(0)
    values = [rng.normal(size=n) for n in (3, 5, 2)]
    sums = np.array([[len(v), v.sum()] for v in values])
    draws = np.array([[0.0, 2, 1], [3, 0, 0]])
    found = resample(sums, _mean, draws, (None,))
    repeated = np.concatenate([values[1], values[1], values[2]])
    assert found.replicates[:, 0] == pytest.approx([repeated.mean(), values[0].mean()])
    assert found.values == pytest.approx([np.concatenate(values).mean()])


def test_the_interval_of_many_documents_is_numpys_percentile():
    rng = np.random.default_rng(1)
    replicates = rng.normal(size=(501, 3))
    ends = intervals(replicates, 10**9)
    np.testing.assert_allclose(ends, np.percentile(replicates, [2.5, 97.5], axis=0).T)


def test_a_few_undefined_resamples_are_left_out_and_many_leave_no_interval():
    replicates = np.random.default_rng(2).normal(size=(1000, 2))
    replicates[:50, 0] = np.nan
    replicates[:150, 1] = np.nan
    ends = intervals(replicates, 10**9)
    np.testing.assert_allclose(ends[0], np.percentile(replicates[50:, 0], [2.5, 97.5]))
    assert np.isnan(ends[1]).all()


def test_no_resamples_no_interval():
    ends = intervals(np.zeros((0, 2)), 0)
    assert np.isnan(ends).all()


@pytest.mark.parametrize(("n", "t"), [(3, 4.303), (5, 2.776), (10, 2.262), (31, 2.042)])
def test_a_normal_bootstrap_gives_students_interval(n: int, t: float) -> None:
    """Its replicates have the spread of the mean times √((n−1)/n)."""
    ours = -NormalDist().inv_cdf(tail_of(n)) * np.sqrt((n - 1) / n)
    assert ours == pytest.approx(t, rel=0.01)


@pytest.mark.parametrize("n", [6, 10, 40])
def test_the_interval_covers_the_truth_as_often_as_it_says(n: int) -> None:
    """A mean over clusters: tokens of a document share an offset, so that an interval that took
    tokens for independent would cover far less."""
    rng = np.random.default_rng(3)
    covered = naive = 0
    for trial in range(300):
        offsets = rng.normal(size=(n, 1))
        tokens = offsets + 0.5 * rng.normal(size=(n, 30))
        sums = np.stack([np.full(n, 30.0), tokens.sum(1)], axis=1)
        found = resample(sums, _mean, draw_documents(n, 1000, trial), (None,))
        low, high = intervals(found.replicates, found.n_documents)[0]
        covered += low <= 0 <= high
        naive += abs(tokens.mean()) < 1.96 * tokens.std() / np.sqrt(tokens.size)
    assert 0.92 <= covered / 300 <= 0.98
    assert naive / 300 < 0.5


@pytest.mark.parametrize(("n", "least"), [(6, 0.89), (10, 0.89), (30, 0.92)])
def test_the_interval_of_r_covers_the_truth_nearly_as_often(n: int, least: float) -> None:
    """Documents differ in how high the activation is and in how well the explanation fits. r is
    skewed, so that few documents still give a little too narrow an interval."""
    rng = np.random.default_rng(n)

    def documents(k):
        slopes, offsets = rng.normal(1, 0.5, size=(k, 1)), 0.5 * rng.normal(size=(k, 1))
        predicted = rng.normal(size=(k, 300))
        return offsets + slopes * predicted + rng.normal(size=(k, 300)), predicted

    truth = np.corrcoef(*(values.ravel() for values in documents(20_000)))[0, 1]
    covered = 0
    for trial in range(300):
        actual, predicted = documents(n)
        everywhere = np.ones(actual.shape, bool)
        sums = window_sums(*(centre(one, everywhere, about=0.0) for one in (actual, predicted)))
        found = resample(sums, finish, draw_documents(n, 1000, trial), (None,) * 4)
        low, high = intervals(found.replicates, found.n_documents)[0]
        covered += low <= truth <= high
    assert least <= covered / 300 <= 0.98
