import numpy as np
import pytest

from analysis.score.bootstrap import chance_of_no_gain, draw_documents, intervals, resample


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


def test_the_interval_is_numpys_percentile():
    rng = np.random.default_rng(1)
    replicates = rng.normal(size=(501, 3))
    ends, undefined = intervals(replicates)
    np.testing.assert_allclose(ends, np.percentile(replicates, [2.5, 97.5], axis=0).T)
    assert undefined.tolist() == [0, 0, 0]


def test_a_few_undefined_resamples_are_left_out_and_many_leave_no_interval():
    replicates = np.random.default_rng(2).normal(size=(1000, 2))
    replicates[:50, 0] = np.nan
    replicates[:150, 1] = np.nan
    ends, undefined = intervals(replicates)
    np.testing.assert_allclose(ends[0], np.percentile(replicates[50:, 0], [2.5, 97.5]))
    assert np.isnan(ends[1]).all()
    assert undefined == pytest.approx([0.05, 0.15])


def test_no_resamples_no_interval():
    ends, _ = intervals(np.zeros((0, 2)))
    assert np.isnan(ends).all()


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """A mean over clusters: tokens of a document share an offset, so that an interval that took
    tokens for independent would cover far less."""
    rng = np.random.default_rng(3)
    covered = naive = 0
    for trial in range(300):
        offsets = rng.normal(size=(40, 1))
        tokens = offsets + 0.5 * rng.normal(size=(40, 30))
        sums = np.stack([np.full(40, 30.0), tokens.sum(1)], axis=1)
        found = resample(sums, _mean, draw_documents(40, 400, trial), (None,))
        low, high = intervals(found.replicates)[0][0]
        covered += low <= 0 <= high
        naive += abs(tokens.mean()) < 1.96 * tokens.std() / np.sqrt(tokens.size)
    assert 0.90 <= covered / 300 <= 0.98
    assert naive / 300 < 0.5


def test_the_chance_of_no_gain_counts_resamples_and_never_reaches_0():
    ours = np.array([0.5, 0.4, 0.1, np.nan])
    theirs = np.array([0.2, 0.4, 0.0, 0.0])
    assert chance_of_no_gain(ours, theirs) == pytest.approx(3 / 5)
    assert chance_of_no_gain(np.full(99, 0.9), np.zeros(99)) == pytest.approx(1 / 100)
    assert chance_of_no_gain(np.zeros(0), np.zeros(0)) is None


def test_against_a_constant_explanation_r_must_be_above_0():
    ours = np.array([0.3, -0.1, 0.2])
    assert chance_of_no_gain(ours, np.full(3, np.nan)) == pytest.approx(2 / 4)
