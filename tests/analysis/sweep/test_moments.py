import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.sweep.moments import Moments, MomentTree


def _of(values, shift=0.0):
    centred = np.asarray(values, np.float64) - shift
    sums = np.array([[np.sum(centred**p)] for p in (1, 2, 3, 4)])
    return Moments.from_power_sums(np.array([len(values)]), np.array([shift]), sums)


def test_six_numbers_by_hand():
    moments = _of([0, 0, 5, 1, 0, -1])
    assert moments.mean[0] == pytest.approx(5 / 6)
    assert moments.variance()[0] == pytest.approx(137 / 36)  # 27/6 - (5/6)^2
    assert moments.skewness()[0] == pytest.approx(10.7407407 / 3.8055556**1.5)
    assert moments.kurtosis()[0] == pytest.approx(52.3586 / 3.8055556**2, rel=1e-5)


def test_a_constant_has_no_skewness_and_no_kurtosis():
    moments = _of([2.5] * 7, shift=2.0)
    assert moments.variance()[0] == 0
    assert np.isnan(moments.skewness()[0])
    assert np.isnan(moments.kurtosis()[0])


def test_nothing_counted_is_undefined():
    moments = Moments.from_power_sums(np.array([0]), np.array([3.0]), np.zeros((4, 1)))
    assert np.isnan(moments.variance()[0])


values = arrays(np.float64, st.integers(1, 40), elements=st.floats(-100, 100, width=32))


@given(values, st.floats(-50, 50))
def test_moments_agree_with_a_direct_computation(found, shift):
    moments = _of(found, shift)
    centred = found - found.mean()
    assert moments.mean[0] == pytest.approx(found.mean(), abs=1e-9)
    assert moments.m2[0] == pytest.approx(np.sum(centred**2), rel=1e-6, abs=1e-5)
    assert moments.m4[0] == pytest.approx(np.sum(centred**4), rel=1e-6, abs=1e-1)


@given(st.lists(values, min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_the_order_and_grouping_of_shards_changes_no_bit(shards, random):
    straight = MomentTree()
    for number, found in enumerate(shards):
        straight.add(number, _of(found))
    order = list(range(len(shards)))
    random.shuffle(order)
    cut = random.randint(0, len(order))
    left, right = MomentTree(), MomentTree()
    for number in order[:cut]:
        left.add(number, _of(shards[number]))
    for number in order[cut:]:
        right.add(number, _of(shards[number]))
    right.merge(left)
    one, other = straight.total(), right.total()
    for name in ("n", "mean", "m2", "m3", "m4"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


@given(st.lists(values, min_size=2, max_size=6))
def test_a_merged_tree_agrees_with_all_values_together(shards):
    tree = MomentTree()
    for number, found in enumerate(shards):
        tree.add(number, _of(found, shift=found[0]))
    total, everything = tree.total(), np.concatenate(shards)
    centred = everything - everything.mean()
    assert total.n[0] == len(everything)
    assert total.mean[0] == pytest.approx(everything.mean(), abs=1e-8)
    assert total.m2[0] == pytest.approx(np.sum(centred**2), rel=1e-6, abs=1e-4)
    assert total.m3[0] == pytest.approx(np.sum(centred**3), rel=1e-5, abs=1)


def test_a_run_of_shards_needs_few_nodes():
    tree = MomentTree()
    for number in range(1000):
        tree.add(number, _of([float(number)]))
    assert len(tree.nodes) == bin(1000).count("1")


def test_a_shard_is_counted_once():
    tree = MomentTree()
    for number in (0, 1, 2):
        tree.add(number, _of([1.0]))
    with pytest.raises(ValueError, match="already counted"):
        tree.add(1, _of([1.0]))
