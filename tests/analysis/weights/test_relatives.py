import numpy as np
import pytest
import torch

from analysis.weights import relatives
from analysis.weights.relatives import (
    Relatives,
    chance,
    directions,
    most_alike,
    products_of,
    random_directions,
    recall,
    shuffled,
    standardise,
)


def _say_nothing(_done, _total):
    pass


def _alike(rows, n, *, coarse=torch.float32, varied=None):
    return most_alike(rows, n=n, coarse=coarse, varied=varied, tell=_say_nothing)


def _by_activity(activity, n, coarse=torch.float32):
    varied = standardise(activity)
    return _alike(torch.from_numpy(activity), n, coarse=coarse, varied=varied)


def test_directions_by_hand():
    vectors = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 1.0], [0.0, 0.0]])
    found = _alike(directions(vectors), 2)
    assert found.units[0].tolist()[0] == 1
    assert found.values[0] == pytest.approx([1, -(0.5**0.5)])
    assert found.values[3].tolist() == [0, 0]


@pytest.mark.parametrize("coarse", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("block", [1, 7, 64, 1024])
def test_every_pair_is_compared_whatever_the_blocks(monkeypatch, coarse, block):
    monkeypatch.setattr(relatives, "BLOCK", block)
    rng = np.random.default_rng(0)
    activity = rng.normal(size=(150, 400)).astype(np.float32)
    activity[7] = 0.8 * activity[3] + 0.6 * activity[7]
    activity[11] = -activity[140] + 0.1 * activity[11]
    true = np.corrcoef(activity)
    np.fill_diagonal(true, 0)
    found = _by_activity(activity.copy(), 3, coarse)
    order = np.argsort(-np.abs(true), axis=1)[:, :3]
    if coarse == torch.float32:
        np.testing.assert_array_equal(found.units, order)
    np.testing.assert_allclose(found.values, np.take_along_axis(true, found.units, 1), atol=1e-5)
    assert found.units[11, 0] == 140
    assert found.values[11, 0] < -0.9
    assert (np.diff(np.abs(found.values), axis=1) <= 1e-7).all()


def test_a_unit_that_is_constant_has_no_relatives_and_is_nobodys():
    rng = np.random.default_rng(1)
    activity = rng.normal(size=(6, 200)).astype(np.float32)
    activity[2] = 3
    found = _by_activity(activity, 5)
    assert np.isnan(found.values[2]).all()
    assert np.isnan(found.values[found.units == 2]).all()
    assert np.isfinite(found.values[[0, 1, 3, 4, 5]]).sum() == 5 * 4


def test_two_units_are_each_others_only_relative():
    found = _by_activity(np.array([[1, 2, 3], [3, 2, 0]], np.float32), 6)
    assert found.units.tolist() == [[1], [0]]
    assert found.values[0, 0] == pytest.approx(np.corrcoef([1, 2, 3], [3, 2, 0])[0, 1])


def test_products_are_those_of_the_rows_named():
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 5.0]])
    found = products_of(rows, torch.tensor([[1], [2], [0]]))
    assert found[:, 0].tolist() == [11, 20, 10]


def test_recall_is_the_share_of_true_relatives_that_was_found():
    rows = directions(torch.randn(40, 6, generator=torch.Generator().manual_seed(0)))
    found = _alike(rows, 4)
    everyone = torch.arange(40)
    assert recall(rows, found, everyone) == 1
    products = rows @ rows.T
    units = found.units.copy()
    magnitudes = products.abs()
    units[:, 3] = magnitudes.argmin(1)  # one of four is the worst there is
    worse = Relatives(units, products.numpy()[np.arange(40)[:, None], units])
    assert recall(rows, worse, everyone) == pytest.approx(0.75)


def test_chance_is_what_the_best_of_unrelated_rows_reaches():
    generator = torch.Generator().manual_seed(0)
    rows = random_directions(2000, 50, generator)
    found = chance(rows, random_directions(200, 50, generator), n_others=1999)
    # of 2000 cosines with deviation 1/sqrt(50) the largest is near 3.4 deviations
    assert found.median == pytest.approx(3.4 / 50**0.5, abs=0.04)
    assert found.high > found.median
    assert (found.n_drawn, found.n_others) == (200, 1999)


def test_shuffling_keeps_every_value_and_breaks_every_likeness():
    generator = torch.Generator().manual_seed(0)
    row = torch.randn(1, 500, generator=generator).expand(4, -1)
    found = shuffled(row, generator)
    assert torch.equal(found.sort(1).values, row.sort(1).values)
    assert torch.corrcoef(found).fill_diagonal_(0).abs().max() < 0.2
