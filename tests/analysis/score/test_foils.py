"""A unit's explanation against those of other units, all of them on all units."""

import numpy as np
import pytest

from analysis.score.foils import chances, correlations


def units(n, tokens, own, shared, seed):
    """Activations and predictions of n units: `own` of what is explained is the unit's, `shared` is
    common to all explanations of the site."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=tokens)
    predicted = rng.normal(size=(n, tokens)) + shared * common
    noise = rng.normal(size=(n, tokens))
    actual = own * (predicted - shared * common) + shared * common + noise
    return actual.astype(np.float32), predicted.astype(np.float32)


def test_correlations_are_pearson_s():
    actual, predicted = units(4, 500, 0.3, 1.0, 0)
    expected = np.corrcoef(actual, predicted)[:4, 4:]
    np.testing.assert_allclose(correlations(actual, predicted), expected, atol=1e-5)


def test_what_does_not_vary_has_no_correlation_and_what_is_not_finite_is_left_out():
    actual, predicted = units(3, 400, 0.5, 0.0, 1)
    predicted[1] = 7.3
    actual[2, 5] = np.nan
    found = correlations(actual, predicted)
    assert np.isnan(found[:, 1]).all()
    assert np.isfinite(found[:, (0, 2)]).all()
    without = np.corrcoef(np.delete(actual[2], 5), np.delete(predicted[2], 5))[0, 1]
    assert found[2, 2] == pytest.approx(without, abs=0.01)


def test_an_explanation_of_its_unit_is_rarer_than_any_pair():
    actual, predicted = units(8, 2000, 0.5, 0.0, 2)
    np.testing.assert_allclose(chances(correlations(actual, predicted)), 1 / 57)


def test_one_that_does_not_vary_has_no_chance_and_is_a_foil_of_no_worth():
    actual, predicted = units(8, 2000, 0.5, 0.0, 3)
    predicted[4] = 1
    found = chances(correlations(actual, predicted))
    assert np.isnan(found[4])
    np.testing.assert_allclose(np.delete(found, 4), 1 / 57)


@pytest.mark.parametrize("n", [1, 2])
def test_so_few_explanations_tell_nothing(n):
    assert np.isnan(chances(correlations(*units(n, 300, 0.5, 0.0, 4)))).all()


@pytest.mark.parametrize("shared", [0.0, 0.5, 3.0])
def test_explanations_that_might_as_well_be_another_s_pass_as_often_as_chance_says(shared):
    """What all explanations of a site have in common makes none of them one of its unit."""
    p = np.concatenate(
        [chances(correlations(*units(24, 600, 0.0, shared, seed))) for seed in range(40)]
    )
    assert 0.025 < (p <= 0.05).mean() < 0.075
    assert 0.4 < p.mean() < 0.6
