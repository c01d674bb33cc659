import numpy as np
import pytest
import torch

from analysis.weights.relatives import by_activity, by_direction


def _say_nothing(_done, _total):
    pass


def test_directions_by_hand():
    vectors = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 1.0], [0.0, 0.0]])
    (found,) = by_direction(vectors, n=2, tell=_say_nothing)
    assert found.units[0].tolist()[0] == 1
    assert found.values[0] == pytest.approx([1, -(0.5**0.5)])
    assert found.values[3].tolist() == [0, 0]


def test_r_is_that_of_all_tokens_not_of_the_sample():
    rng = np.random.default_rng(0)
    activity = rng.normal(size=(300, 5000)).astype(np.float32)
    activity[7] = 0.8 * activity[3] + 0.6 * activity[7]
    activity[11] = -activity[5] + 0.1 * activity[11]
    true = np.corrcoef(activity)
    found = by_activity(activity.copy(), n=3, seed=0, tell=_say_nothing)
    units = np.concatenate([each.units for each in found])
    values = np.concatenate([each.values for each in found])
    assert units[3, 0] == 7
    assert units[11, 0] == 5
    for unit in (3, 5, 7, 11):
        assert values[unit, 0] == pytest.approx(true[unit, units[unit, 0]], abs=1e-5)
    assert (np.diff(np.abs(values), axis=1) <= 1e-7).all()


def test_a_unit_that_is_constant_has_no_relatives_and_is_nobodys():
    rng = np.random.default_rng(1)
    activity = rng.normal(size=(6, 200)).astype(np.float32)
    activity[2] = 3
    found = by_activity(activity, n=5, seed=0, tell=_say_nothing)
    units = np.concatenate([each.units for each in found])
    values = np.concatenate([each.values for each in found])
    assert np.isnan(values[2]).all()
    assert np.isnan(values[units == 2]).all()
    assert np.isfinite(values[[0, 1, 3, 4, 5]]).sum() == 5 * 4
