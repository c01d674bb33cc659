"""What is told of a circuit, by hand: of networks whose units add up."""

import pytest
import torch

from analysis.circuits import proving
from analysis.circuits.proving import areas, curve, drops, losses, twins
from analysis.protocol.circuits import Estimate, Point
from tests.analysis.circuits.told import Added


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


def points(*told: tuple[float, float]) -> list[Point]:
    return [
        Point(n_units=round(10 * share), share=share, faithfulness=Estimate(value=value))
        for share, value in told
    ]


def test_areas_are_means_over_the_share_of_units_by_trapezoids():
    """0.1 × (−0.5 + 0.5)/2 + 0.8 × (0.5 + 1)/2 = 0.6, over a width of 0.9; and of the distances
    from 1, which are 1.5, 0.5, 0, 0.1 × 1 + 0.8 × 0.25 = 0.3."""
    cpr, cmd = areas(points((0.1, -0.5), (0.2, 0.5), (1.0, 1.0)))
    assert cpr == pytest.approx(2 / 3)
    assert cmd == pytest.approx(1 / 3)


def test_what_is_too_faithful_is_far_from_1_as_what_is_too_little():
    above, below = areas(points((0.0, 1.5), (1.0, 1.0))), areas(points((0.0, 0.5), (1.0, 1.0)))
    assert above == pytest.approx((1.25, 0.25))
    assert below == pytest.approx((0.75, 0.25))


def test_the_area_of_one_point_is_the_point():
    assert areas(points((1.0, 1.25))) == pytest.approx((1.25, 0.25))


def test_what_a_circuit_does_and_what_is_left_without_it_add_up_where_units_do(judge):
    assert judge.gap == 3.5
    assert judge.of_kept([0]).value == pytest.approx(6 / 7)
    assert judge.of_rest([0]).value == pytest.approx(1 / 7)
    assert judge.of_kept([]).value == 0
    assert judge.of_kept([0, 1, 2]).value == 1


def test_a_curve_goes_along_the_ranking_and_ends_with_the_whole_network():
    """Ten units that each add as much: at s of them s/10 is done, and the rest is left."""
    found = curve(Added([[0.5] * 10] * 2), "circuit", torch.arange(10), completeness=True)
    assert [point.n_units for point in found.points] == [1, 2, 5, 10]
    assert [point.faithfulness.value for point in found.points] == pytest.approx([0.1, 0.2, 0.5, 1])
    left = [point.completeness and point.completeness.value for point in found.points]
    assert left == pytest.approx([0.9, 0.8, 0.5, 0])
    assert (found.cpr, found.cmd) == pytest.approx((0.55, 0.45))


def test_a_curve_keeps_the_first_of_its_ranking_and_not_the_first_units():
    judge = Added([[0.0] * 9 + [1.0]])
    last_first = torch.arange(10).flip(0)
    assert curve(judge, "circuit", last_first).points[0].faithfulness.value == 1
    assert curve(judge, "circuit", torch.arange(10)).points[2].faithfulness.value == 0


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
