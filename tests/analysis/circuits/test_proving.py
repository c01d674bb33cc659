"""What is told of a circuit, by hand: of networks whose units add up."""

import numpy as np
import pytest
import torch

from analysis.circuits import proving
from analysis.circuits.judging import matched, twins
from analysis.circuits.proving import (
    apart_by_novelty,
    beside_matched,
    drops,
    losses,
    without_halves,
)
from tests.analysis.circuits.told import Added, units_of


@pytest.fixture
def judge() -> Added:
    """Two pairs, three units; over both they add 6, 2 and −1 to what is there without them."""
    return Added([[2.0, 1.0, -2.0], [4.0, 1.0, 1.0]], empty=1.0)


@pytest.fixture
def _gradients_of_the_table(monkeypatch, judge):
    """What a unit adds is what the metric falls by, however much of the others is kept."""

    def gradient(batch, units, keep, of, check):  # noqa: ARG001 - called so
        at = keep.clone().requires_grad_()
        of(at @ torch.tensor(judge.worth[batch : batch + 1].T, dtype=torch.float32)).backward()
        return at.grad, torch.zeros(1)

    monkeypatch.setattr(proving, "keep_gradient", gradient)


def test_what_a_circuit_does_and_what_is_left_without_it_add_up_where_units_do(judge):
    assert judge.gap == 3.5
    assert judge.of_kept([0]).value == pytest.approx(6 / 7)
    assert judge.of_rest([0]).value == pytest.approx(1 / 7)
    assert judge.of_kept([]).value == 0
    assert judge.of_kept([0, 1, 2]).value == 1


@pytest.mark.usefixtures("_gradients_of_the_table")
def test_a_loss_is_the_share_of_the_gap_that_a_unit_gives(judge):
    assert losses(judge, [2, 0]) == pytest.approx({2: -1 / 7, 0: 6 / 7})


@pytest.mark.usefixtures("_gradients_of_the_table")
def test_of_the_least_needed_it_is_told_what_leaving_each_out_costs_the_least_first(judge):
    found = drops(judge, [0, 1, 2], most=2)
    assert [(one.unit.site, one.unit.index) for one in found] == [("mlp.0", 2), ("mlp.0", 1)]
    assert [one.lost.value for one in found] == pytest.approx([-1 / 7, 2 / 7])


def test_estimates_choose_which_are_left_out_and_exact_losses_say_what_that_costs(
    judge, monkeypatch
):
    monkeypatch.setattr(proving, "losses", lambda *_, **__: {0: 0.1, 1: 0.2, 2: 0.3})
    found = drops(judge, [0, 1, 2], most=2)
    assert [one.unit.index for one in found] == [1, 0]
    assert [one.lost.value for one in found] == pytest.approx([2 / 7, 6 / 7])


def test_twins_are_random_units_each_once_the_same_for_the_same_seed():
    one, other = (twin.tolist() for twin in twins(50, 6, seed=1))
    assert len(set(one)) == len(set(other)) == 6
    assert {*one, *other} <= set(range(50))
    assert one != other
    assert [twin.tolist() for twin in twins(50, 6, seed=1)] == [one, other]
    assert [twin.tolist() for twin in twins(50, 6, seed=2)] != [one, other]
    assert [sorted(twin.tolist()) for twin in twins(6, 6, seed=1)] == [list(range(6))] * 2


def test_random_circuits_are_told_by_the_mean_of_all_twins():
    judge = Added([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]])
    kept = [sum(2**number for number in twin.tolist()) for twin in twins(6, 2, seed=3)]
    assert len(set(kept)) == 2
    assert judge.of_twins(2, 3).value == pytest.approx(sum(kept) / len(kept) / 63)


def test_matched_circuits_have_as_many_units_of_each_site():
    units = units_of(20, heads=5)
    drawn = [one.tolist() for one in matched(units, [0, 1, 2, 21, 22], n=8, seed=1)]
    assert all(len(set(one)) == 5 for one in drawn)
    assert all(sum(number < 20 for number in one) == 3 for one in drawn)
    assert len({tuple(sorted(one)) for one in drawn}) > 1
    assert [one.tolist() for one in matched(units, [0, 1, 2, 21, 22], n=8, seed=1)] == drawn


def test_of_matched_circuits_it_is_counted_which_come_as_near_to_1():
    """One unit of four that add 4, 3, 2 and 1: of those drawn instead of the second, only the first
    comes nearer, and itself as near."""
    judge = Added([[4.0, 3.0, 2.0, 1.0]])
    drawn = [int(one) for one in matched(judge.units, [1], n=40, seed=5)]
    found = beside_matched(judge, [1], 0.3, seed=5, n=40)
    assert found.n_as_near == sum(number in (0, 1) for number in drawn)
    assert 0 < found.n_as_near < 40
    assert (found.lowest, found.highest) == pytest.approx((0.1, 0.4))
    assert found.mean == pytest.approx(sum(0.1 * (4 - number) for number in drawn) / 40)


def test_a_matched_circuit_that_overshoots_is_not_near():
    judge = Added([[9.0, 1.0, -5.0, -4.0]], empty=0.0)
    drawn = [int(one) for one in matched(judge.units, [1], n=30, seed=2)]
    found = beside_matched(judge, [1], 1.0, seed=2, n=30)
    assert 0 in drawn
    assert found.n_as_near == drawn.count(1)


def test_what_takes_over_outside_of_the_circuit_makes_it_incomplete():
    """Units that add up: without two of four, the circuit has half of what it did, and the model
    that as well as the fifth unit, which is not in the circuit."""
    found = without_halves(Added([[1.0, 1.0, 1.0, 1.0, 4.0]]), [0, 1, 2, 3], seed=0)
    assert found is not None
    assert found.halves == ((pytest.approx(0.25), pytest.approx(0.75)),) * 8
    assert found.mean == pytest.approx(0.5)


def test_a_circuit_that_has_all_there_is_is_complete_whatever_is_left_out():
    judge = Added([[3.0, 1.0, 2.0, 5.0, 0.0, 0.0]])
    found = without_halves(judge, [0, 1, 2, 3], seed=4)
    assert found is not None
    assert len({circuit for circuit, _ in found.halves}) > 1
    assert found.mean == pytest.approx(0)


def test_a_circuit_of_one_unit_has_no_halves():
    assert without_halves(Added([[1.0, 1.0]]), [0], seed=0) is None


def apart(judge, circuit, *new):
    return {one.new: one for one in apart_by_novelty(judge, np.array(circuit), new)}


def test_prompts_with_something_new_are_proved_apart():
    """Of three pairs the model does 4, 2 and 2, and the circuit 4, 1 and 0."""
    judge = Added([[4.0], [2.0], [2.0]])
    found = apart(judge, [4.0, 1.0, 0.0], ["word"], ["word", "template"], ["template"])
    assert {kind: one.n_prompts for kind, one in found.items()} == {"template": 2, "word": 2}
    assert found["template"].faithfulness.value == pytest.approx(1 / 4)
    assert found["word"].faithfulness.value == pytest.approx(5 / 6)


@pytest.mark.parametrize("gap", [0.0, 1e-7, -1.0], ids=["nothing", "rounding", "turned round"])
def test_of_prompts_on_which_the_model_does_not_do_the_task_nothing_is_told(gap):
    found = apart(Added([[4.0], [gap]]), [4.0, 1.0], ["word"], ["template"])
    assert set(found) == {"word"}


def test_of_what_is_new_in_some_prompts_those_that_share_one_are_resampled_together():
    judge = Added([[4.0], [2.0], [2.0], [1.0]])
    object.__setattr__(judge, "prompts", np.array([0, 3, 3, 1]))
    (found,) = apart(judge, [4.0, 1.0, 0.0, 1.0], [], ["answer"], ["answer"], ["answer"]).values()
    assert found.n_prompts == 3
    assert found.faithfulness.value == pytest.approx(2 / 5)


@pytest.mark.usefixtures("_gradients_of_the_table")
def test_what_holds_the_rest_back_matters_as_what_helps_it():
    """Units that add 6, 0.5 and −5: the last is not the one that is needed least."""
    judge = Added([[6.0, 0.5, -5.0]])
    (found,) = drops(judge, [0, 1, 2], most=1)
    assert found.unit.index == 1
