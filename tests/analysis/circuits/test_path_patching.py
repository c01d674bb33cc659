"""Links against path patching: by hand, and on models whose ways are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.circuits.edges import (
    EMBEDDING,
    LOGITS,
    Edge,
    find_edges,
)
from analysis.circuits.effects import measure
from analysis.circuits.keeping import trace_pairs
from analysis.circuits.path_patching import (
    N_LINKS,
    hold_links,
    link_agreement,
    patch_paths,
    sample_links,
    with_accounted,
)
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.truth import EMBEDDING as FROM
from analysis.circuits.planted.truth import LOGITS as TO
from analysis.circuits.units import Units
from analysis.protocol.edits import UnitRef

EDGES = [Edge(EMBEDDING, target, weight) for target, weight in enumerate([6.0, -4.0, 2.0, 1.0])]
EXACT = {0: 6.0, 1: -4.0, 2: 1.0, 3: 1.0}


@pytest.fixture(scope="module")
def planted(subject):
    """A planted model, its units and both sides of its pairs."""

    def of(kind, seed=0):
        made, _ = subject(kind, seed)
        return made, Units(tuple(made.model.sites)), trace_pairs(
            made.model, METRIC, task_pairs(made.planted)
        )  # fmt: skip

    return of


def number_of(units, node):
    if node in (FROM, TO):
        return EMBEDDING if node == FROM else LOGITS
    return units.number(UnitRef(site=node.site, index=node.index))


def paths_of(units, edges):
    """Into units."""
    numbered = [tuple(number_of(units, node) for node in edge) for edge in edges]
    return [path for path in numbered if path[1] != LOGITS]


def test_how_far_the_heaviest_and_the_random_ones_agree_and_how_far_they_are_off():
    """Of three the products of deviations sum to 50, their squares to 152/3 and 50; of all four
    to 50, 50.75 and 50."""
    drawn = replace(sample_links(EDGES, n=3, seed=0), random=(1, 2, 3))
    found = link_agreement(EDGES, EXACT, drawn)
    assert drawn.top == (0, 1, 2)
    assert found.r_top == pytest.approx(50 / (152 / 3 * 50) ** 0.5)
    assert found.r == pytest.approx(50 / (50.75 * 50) ** 0.5)
    assert found.off == pytest.approx((1 / (36 + 16 + 1 + 1)) ** 0.5)
    assert (found.n_top, found.n_random, found.seed, found.n_asked) == (3, 3, 0, 4)


def test_what_differs_by_rounding_alone_agrees_with_nothing():
    drawn = replace(sample_links(EDGES, n=3, seed=0), top=(0, 1, 2), random=(1, 2, 3))
    exact = {0: 6.0, 1: 1e-6, 2: 2e-6, 3: 3e-6}
    found = link_agreement(EDGES, exact, drawn)
    assert found.r_random is None
    assert found.r_top is not None


def test_links_to_the_logits_are_not_in_the_sample_for_nothing_is_estimated_of_them():
    edges = [Edge(number, LOGITS, 100.0) for number in range(5)] + EDGES
    drawn = sample_links(edges, seed=0)
    assert sorted(drawn.top) == sorted(drawn.random) == [5, 6, 7, 8]


def test_the_sample_has_the_heaviest_and_as_many_at_random_by_the_seed():
    edges = [Edge(number, 200, (-1) ** number * float(number)) for number in range(100)]
    one, again, other = (sample_links(edges, seed=seed) for seed in (3, 3, 4))
    assert one == again != other
    assert one.top == tuple(range(99, 99 - N_LINKS, -1))
    assert len(set(one.random)) == N_LINKS


@pytest.mark.parametrize("seed", [0, 1])
def test_the_only_way_from_a_unit_carries_all_that_the_unit_does(planted, seed):
    """A chain: of its first two neurons, at both ends, run whole."""
    made, units, sides = planted("chain", seed)
    paths = [path for path in paths_of(units, made.planted.edges) if path[0] != EMBEDDING]
    found = patch_paths(sides, units, paths)
    numbers = sorted({source for source, _ in paths})
    taken = measure(sides, units, numbers)
    given = measure([one.swapped for one in sides], units, numbers)
    assert len(paths) == 2
    for source, target in paths:
        whole = (given[source] - taken[source]) / 2
        assert abs(whole) > 0.1
        assert found[source, target] == pytest.approx(whole, rel=1e-3)


@pytest.mark.parametrize("kind", ["induction", "sum of two", "cancelling", "saturation"])
def test_planted_ways_carry_something_and_all_others_nothing(planted, kind):
    made, units, sides = planted(kind)
    edges, _ = find_edges(sides, units, range(len(units)))
    asked = {(edge.source, edge.target) for edge in edges if edge.target != LOGITS}
    true = set(paths_of(units, made.planted.edges))
    others = sorted(asked - true)
    drawn = np.random.default_rng(0).choice(len(others), 40, replace=False)
    found = patch_paths(sides, units, [*true, *(others[place] for place in drawn)])
    least = min(abs(found[path]) for path in true)
    assert least > 1e-2
    assert all(abs(found[path]) < 1e-2 * least for path in found.keys() - true)


@pytest.mark.parametrize("kind", ["induction", "cancelling"])
def test_estimated_weights_agree_and_shuffled_ones_do_not(planted, kind):
    _, units, sides = planted(kind)
    edges, _ = find_edges(sides, units, range(len(units)))
    held, found = hold_links(sides, units, edges, seed=0)
    exact = {place: edge.exact for place, edge in enumerate(held) if edge.exact is not None}
    drawn = sample_links(edges, seed=0)
    assert set(exact) == {*drawn.top, *drawn.random}
    assert found.r > 0.99
    assert found.off < 0.1
    weights = torch.tensor([edge.weight for edge in edges])
    order = torch.randperm(len(edges), generator=torch.Generator().manual_seed(0))
    shuffled = [
        replace(edge, weight=float(weight))
        for edge, weight in zip(edges, weights[order], strict=True)
    ]
    wrong = link_agreement(shuffled, exact, drawn)
    assert wrong.r < 0.5
    assert wrong.off > 0.5


def test_weights_that_are_all_twice_too_large_are_seen_though_r_is_1(planted):
    _, units, sides = planted("cancelling")
    edges, _ = find_edges(sides, units, range(len(units)))
    held, _ = hold_links(sides, units, edges, seed=0)
    exact = {place: edge.exact for place, edge in enumerate(held) if edge.exact is not None}
    doubled = [replace(edge, weight=2 * edge.weight) for edge in edges]
    found = link_agreement(doubled, exact, sample_links(edges, seed=0))
    assert found.r > 0.99
    assert found.off == pytest.approx(1, abs=0.1)


def test_without_a_counterfactual_run_the_clean_end_alone_is_patched(planted):
    made, units, sides = planted("chain")
    (path, *_) = paths_of(units, made.planted.edges)
    both = patch_paths(sides, units, [path])[path]
    clean = patch_paths(sides, units, [path], both=False)[path]
    swapped = patch_paths([one.swapped for one in sides], units, [path], both=False)[path]
    assert both == pytest.approx((clean - swapped) / 2, rel=1e-4)


def test_what_drawn_links_account_for_is_the_median_over_units_that_do_enough():
    """Of unit 0 they sum to 3 of 4, of 1 to 1 of -2, of 2 to nothing; 3 does too little."""
    told = link_agreement(EDGES, EXACT, sample_links(EDGES, n=3, seed=0))
    edges = [Edge(0, 1, 1.0), Edge(0, LOGITS, 2.0), Edge(1, LOGITS, 1.0), Edge(EMBEDDING, 0, 9.0)]
    effects = {0: 4.0, 1: -2.0, 2: 1.0, 3: 0.01}
    found = with_accounted(told, edges, effects, 10.0)
    assert (found.accounted, found.n_accounted) == (0.0, 3)
    found = with_accounted(told, edges, {0: 4.0}, -10.0)
    assert (found.accounted, found.n_accounted) == (0.75, 1)
    assert with_accounted(told, edges, {3: 0.01}, 10.0).accounted is None


def test_all_links_of_a_chain_account_for_all_that_its_neurons_do(planted):
    made, units, sides = planted("chain")
    numbers = [number_of(units, node) for node in made.planted.causal]
    edges, effects = find_edges(sides, units, numbers)
    held, agreed = hold_links(sides, units, edges, seed=0)
    found = with_accounted(agreed, held, effects, 1.0)
    assert found.accounted == pytest.approx(1, abs=1e-3)
    assert found.n_accounted == 3
    direct = [edge for edge in held if edge.target == LOGITS]
    assert with_accounted(agreed, direct, effects, 1.0).accounted == pytest.approx(0, abs=1e-3)
