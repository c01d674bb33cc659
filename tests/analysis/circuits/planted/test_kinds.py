"""What planted models say of themselves is so: by exact patching, for every kind, without
exemptions."""

import functools
from itertools import product

import pytest
import torch

from analysis.circuits.planted.kinds import KINDS
from analysis.circuits.planted.truth import EMBEDDING, LOGITS
from tests.analysis.circuits.planted.patching import load

SEEDS = range(4)
CLEAR = 0.1
"""Of the whole difference between clean and counterfactual; the least that a node must carry."""
CLEAR_EDGE = 0.05
NOTHING = 1e-4
LOUD = 10

every = pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind in KINDS for seed in SEEDS]
)


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    @functools.cache
    def made(kind, seed):
        return load(KINDS[kind](tmp_path_factory.mktemp("planted") / "model", seed))

    return made


@every
def test_the_model_does_the_task_on_every_pair_and_its_contrary_on_the_counterfactual(
    subject, kind, seed
):
    one = subject(kind, seed)
    assert one.metric(one.clean.last).min() > 0.1 * one.whole
    assert one.metric(one.changed.last).max() < -0.1 * one.whole


@every
def test_pairs_are_of_one_length_and_differ_only_in_content_tokens(subject, kind, seed):
    pairs = subject(kind, seed).planted.pairs
    assert len({len(prompt) for pair in pairs for prompt in (pair.clean, pair.counterfactual)}) == 1
    assert all(pair.clean != pair.counterfactual for pair in pairs)


@every
@pytest.mark.parametrize("ablation", ["from_counterfactual", "zero"])
def test_every_causal_node_carries_a_clear_part_of_the_metric(subject, kind, seed, ablation):
    one = subject(kind, seed)
    for node in one.planted.causal:
        (lost,) = one.lost([getattr(one, ablation)([node])])
        assert abs(lost.mean()) > CLEAR, node


@every
@pytest.mark.parametrize("ablation", ["from_counterfactual", "zero"])
def test_no_other_node_carries_anything(subject, kind, seed, ablation):
    one = subject(kind, seed)
    others = [node for node in one.planted.nodes() if node not in one.planted.causal]
    lost = one.lost([getattr(one, ablation)([node]) for node in others])
    assert lost.abs().max() < NOTHING


@every
def test_whatever_all_units_outside_of_the_circuit_are_the_metric_stays(subject, kind, seed):
    one = subject(kind, seed)
    drawn = torch.Generator().manual_seed(seed)
    others = [node for node in one.planted.nodes() if node not in one.planted.positions]
    values = one.from_counterfactual(others)
    noise = {node: LOUD * torch.randn(v.shape, generator=drawn) for node, v in values.items()}
    assert one.lost([noise]).abs().max() < NOTHING


@every
def test_patching_the_whole_circuit_loses_the_whole_metric(subject, kind, seed):
    one = subject(kind, seed)
    (lost,) = one.lost([one.from_counterfactual(one.planted.positions)])
    assert abs(lost.mean() - 1) < 1e-3


@every
def test_every_causal_node_acts_at_each_of_its_positions_and_nowhere_else(subject, kind, seed):
    one = subject(kind, seed)
    for node in one.planted.causal:
        places = one.planted.positions[node]
        patched = [one.from_counterfactual([node])]
        for place in places:
            assert one.lost(patched, positions=[place]).mean().abs() > CLEAR, (node, place)
        elsewhere = set(range(one.n_pos)) - set(places)
        assert one.lost(patched, positions=elsewhere).abs().max() < NOTHING, node


@every
def test_every_causal_edge_carries(subject, kind, seed):
    one = subject(kind, seed)
    for edge in one.planted.edges - one.planted.hidden:
        moved, lost = one.edge_lost(edge)
        assert moved > 0.05, edge
        assert abs(lost.mean()) > CLEAR_EDGE, edge


@every
def test_no_other_edge_within_the_circuit_carries(subject, kind, seed):
    one = subject(kind, seed)
    stages = ["embedding", *(site.name for site in one.planted.sites), "logits"]
    ends = (EMBEDDING, *one.planted.positions, LOGITS)
    others = {
        (source, target)
        for source, target in product(ends, repeat=2)
        if stages.index(source.site) < stages.index(target.site)
    } - (one.planted.edges - one.planted.hidden)
    assert (EMBEDDING, LOGITS) in others
    for edge in others:
        moved, lost = one.edge_lost(edge)
        assert edge in one.planted.hidden or moved < NOTHING, edge
        assert lost.abs().max() < NOTHING, edge


@every
def test_the_truth_names_only_what_the_model_has(subject, kind, seed):
    planted = subject(kind, seed).planted
    nodes = planted.nodes()
    assert planted.positions.keys() | planted.distractors <= set(nodes)
    assert planted.edges <= set(planted.candidates())
    assert planted.hidden <= planted.edges
    assert not planted.distractors & planted.positions.keys()
    assert {node for edge in planted.edges for node in edge} == {
        EMBEDDING, LOGITS, *planted.positions,
    }  # fmt: skip
    assert len(nodes) == sum(site.n_units for site in subject(kind, seed).model.sites)


@every
def test_noise_is_active_and_differs_from_the_counterfactual(subject, kind, seed):
    one = subject(kind, seed)
    noise = set(one.planted.nodes()) - one.planted.positions.keys() - one.planted.distractors
    assert sum(one.differs(node) > 0.1 for node in noise) > 0.6 * len(noise)


with_backups = pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind in ("backup", "either of two") for seed in SEEDS]
)


@with_backups
def test_a_backup_takes_over_once_the_first_is_ablated(subject, kind, seed):
    one = subject(kind, seed)
    assert one.planted.backups
    for backup, first in one.planted.backups.items():
        base = one.from_counterfactual([first])
        (lost,) = one.lost([one.from_counterfactual([backup])], base=base)
        assert lost.mean() > CLEAR
        assert one.lost([one.zero([backup])], base=base).mean() > CLEAR
        elsewhere = set(range(one.n_pos)) - set(one.planted.positions[backup])
        at_others = one.lost([one.from_counterfactual([backup])], positions=elsewhere, base=base)
        assert at_others.abs().max() < NOTHING


@with_backups
def test_hidden_edges_carry_once_the_first_is_ablated(subject, kind, seed):
    one = subject(kind, seed)
    assert one.planted.hidden
    for edge in one.planted.hidden:
        firsts = [first for backup, first in one.planted.backups.items() if backup in edge]
        base = one.from_counterfactual(firsts)
        moved, lost = one.edge_lost(edge, base=base)
        assert moved > 0.05, edge
        assert lost.mean() > CLEAR_EDGE, edge


@pytest.mark.parametrize("seed", SEEDS)
def test_distractors_change_more_than_the_median_node_of_the_circuit(subject, seed):
    one = subject("distractor", seed)

    median = torch.tensor([one.differs(node) for node in one.planted.causal]).median()
    assert len(one.planted.distractors) == 3
    assert all(one.differs(node) > median for node in one.planted.distractors)


@every
def test_the_same_seed_makes_the_same_model(subject, kind, seed, tmp_path):
    one = subject(kind, seed)
    again = KINDS[kind](tmp_path / "model", seed)
    assert (again.pairs, again.edges) == (one.planted.pairs, one.planted.edges)
    assert load(again).model.facts.weights_sha256 == one.model.facts.weights_sha256


@pytest.mark.parametrize("kind", KINDS)
def test_other_seeds_wire_the_model_otherwise(subject, kind):
    made = [subject(kind, seed).planted for seed in SEEDS]
    wired = {(frozenset(planted.positions), planted.sites) for planted in made}
    assert len(wired) == len(SEEDS)
    assert len({planted.pairs for planted in made}) == len(SEEDS)


def test_every_kind_calls_itself_by_its_name(subject):
    assert all(subject(kind, 0).planted.kind == kind for kind in KINDS)
