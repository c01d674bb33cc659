"""Rankings at all sizes, by hand: of networks whose units add up."""

import pytest
import torch

from analysis.circuits.curves import areas, course, curve
from analysis.protocol.proofs import Curve, Estimate, Point
from tests.analysis.circuits.told import Added


def points(*told: tuple[float, float]) -> list[Point]:
    return [
        Point(n_units=round(10 * share), share=share, faithfulness=Estimate(value=value))
        for share, value in told
    ]


def along(judge: Added, order: torch.Tensor, beside: torch.Tensor | None = None) -> Curve:
    other = None if beside is None else course(judge, "circuit", beside)
    return curve(judge, course(judge, "ig", order), other)


def margins(found: Curve) -> list[float | None]:
    return [point.margin and point.margin.value for point in found.points]


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


def test_a_curve_goes_along_the_ranking_and_ends_with_the_whole_network():
    """Ten units that each add as much: at s of them s/10 is done, and the rest is left."""
    judge = Added([[0.5] * 10] * 2)
    found = curve(judge, course(judge, "circuit", torch.arange(10), completeness=True))
    assert [point.n_units for point in found.points] == [1, 2, 5, 10]
    assert [point.faithfulness.value for point in found.points] == pytest.approx([0.1, 0.2, 0.5, 1])
    left = [point.completeness and point.completeness.value for point in found.points]
    assert left == pytest.approx([0.9, 0.8, 0.5, 0])
    assert (found.cpr, found.cmd) == pytest.approx((0.55, 0.45))


def test_a_curve_keeps_the_first_of_its_ranking_and_not_the_first_units():
    judge = Added([[0.0] * 9 + [1.0]])
    last_first = torch.arange(10).flip(0)
    assert along(judge, last_first).points[0].faithfulness.value == 1
    assert along(judge, torch.arange(10)).points[2].faithfulness.value == 0


def test_a_margin_is_by_how_much_the_circuits_own_ranking_is_above_at_each_size():
    """Of ten units the second adds all; the one ranking has it first, the other last but one."""
    judge = Added([[0.0, 1.0, *[0.0] * 8]])
    own, other = torch.tensor([1, 0, *range(2, 10)]), torch.tensor([0, *range(2, 10), 1])
    found = along(judge, other, own)
    assert margins(found) == [1, 1, 1, 0]
    assert margins(along(judge, own, own)) == [0] * 4
    assert along(judge, other).points[0].margin is None


def test_two_curves_whose_intervals_overlap_may_be_surely_apart():
    """Over the same prompts, some of which say ten times as much, the one is always a tenth above:
    resampled together their distance does not vary, each by itself does."""
    worth = [
        [0.5 * size + wave, 0.4 * size + wave, 0.1 * size - 2 * wave, *[0.0] * 7]
        for size, wave in enumerate([3, -3, 3, -3, 3, -3, 3, -3], start=1)
    ]
    judge = Added(worth)
    own, other = torch.tensor([0, 1, *range(2, 10)]), torch.tensor([1, 0, *range(2, 10)])
    point = along(judge, other, own).points[0]
    assert point.margin is not None
    assert point.margin.low is not None
    assert point.margin.low > 0.09
    assert point.faithfulness.low is not None
    assert point.faithfulness.low < 0.3


def test_areas_have_intervals_over_prompts_and_none_of_few():
    worth = [[size, *[0.0] * 8, 1.0] for size in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]
    found = along(Added(worth), torch.arange(10))
    assert found.cpr_interval is not None
    assert found.cpr_interval[0] < found.cpr < found.cpr_interval[1]
    assert along(Added(worth[:3]), torch.arange(10)).cpr_interval is None
