"""What the drawn graph says of its nodes."""

from dataclasses import replace

import pytest
import torch

from analysis.circuits.finding import Asked, Search
from analysis.circuits.graphing import Drawing
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.protocol.proofs import Estimate
from analysis.tasks.prompting import Prompted


@pytest.fixture(scope="module")
def found(subject):
    planted, _ = subject("chain")
    pairs = tuple(task_pairs(planted.planted))
    return pairs, Search(planted.model, METRIC, Prompted(pairs, ()), Asked(steps=30)).run()


def first_node(found, effect: float, exact: Estimate, off: Estimate | None = None):
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
        off={**search.off, number: off or Estimate(value=effect - exact.value)},
        gap=1.0,
        backups=(),
    )
    name = search.units.ref(number)
    nodes = Drawing(told, pairs[0], METRIC, [str(token) for token in range(200)]).graph().nodes
    return next(node for node in nodes if node.unit == name)


@pytest.mark.parametrize(
    ("effect", "off", "disagrees"),
    [
        (-0.5, Estimate(value=-0.1, low=-0.12, high=-0.08), False),
        (-0.9, Estimate(value=-0.5, low=-0.6, high=-0.4), True),
        (-0.9, Estimate(value=-0.5, low=-1.1, high=0.1), False),
        (0.5, Estimate(value=0.9), True),
        (-0.415, Estimate(value=-0.015, low=-0.016, high=-0.014), False),
    ],
    ids=["near", "far", "far, but not surely", "of few prompts", "of no size"],
)
def test_an_estimate_disagrees_that_is_surely_far_off_on_the_same_prompts(
    found, effect, off, disagrees
):
    """The exact effect is 0.4, whatever that itself varies by."""
    exact = Estimate(value=-0.4, low=-1.0, high=0.2)
    assert (first_node(found, effect, exact, off).flags == ("disagrees",)) is disagrees


def test_how_far_an_estimate_is_off_is_told_pair_by_pair(found):
    """Estimates and exact effects vary together, so their distance varies less than either."""
    _, search = found
    for number in search.kept:
        effect = float(search.estimates.effect[number])
        off = search.off[number]
        assert off.value == pytest.approx(effect - search.exact[number].value, abs=1e-5)
        assert torch.allclose(search.estimates.each[:, number].mean(), torch.tensor(effect))


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
