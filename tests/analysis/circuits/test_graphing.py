"""What the drawn graph says of its nodes."""

from dataclasses import replace

import pytest
import torch

from analysis.circuits.finding import Asked, Search
from analysis.circuits.graphing import Drawing
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.protocol.circuits import Estimate
from analysis.tasks.prompting import Prompted


@pytest.fixture(scope="module")
def found(subject):
    planted, _ = subject("chain")
    pairs = tuple(task_pairs(planted.planted))
    return pairs, Search(planted.model, METRIC, Prompted(pairs, ()), Asked(steps=30)).run()


def first_node(found, effect: float, exact: Estimate):
    """Of the first kept unit, whose effects by how much the metric rises are these, of a gap of
    1."""
    pairs, search = found
    number = search.kept[0]
    row = torch.zeros(len(search.units))
    row[number] = effect
    told = replace(
        search,
        estimates=replace(search.estimates, effect=row),
        exact={**search.exact, number: exact},
        gap=1.0,
        backups=(),
    )
    name = search.units.ref(number)
    nodes = Drawing(told, pairs[0], METRIC, [str(token) for token in range(200)]).graph().nodes
    return next(node for node in nodes if node.unit == name)


@pytest.mark.parametrize(
    ("effect", "exact", "disagrees"),
    [
        (-0.5, Estimate(value=-0.4, low=-0.45, high=-0.35), False),
        (-0.9, Estimate(value=-0.4, low=-0.5, high=-0.3), True),
        (-0.9, Estimate(value=-0.4, low=-1.0, high=-0.1), False),
        (0.5, Estimate(value=-0.4), True),
        (0.015, Estimate(value=0.005, low=0.004, high=0.006), False),
    ],
    ids=["near", "far", "far, but so is the next prompt", "of few prompts", "of no size"],
)
def test_an_estimate_disagrees_that_is_far_off_by_more_than_prompts_differ(
    found, effect, exact, disagrees
):
    assert (first_node(found, effect, exact).flags == ("disagrees",)) is disagrees


def test_an_exact_effect_has_its_interval_with_the_sign_of_what_is_lost(found):
    node = first_node(found, -0.4, Estimate(value=-0.4, low=-0.5, high=-0.3))
    assert node.exact == 0.4
    assert node.exact_interval == (0.3, 0.5)


def test_intervals_are_over_the_pairs_that_effects_are_means_over(found):
    _, search = found
    assert search.n_effects == 6
    for exact in search.exact.values():
        assert exact.low is not None
        assert exact.high is not None
        assert exact.low <= exact.value <= exact.high
