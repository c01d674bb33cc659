from pathlib import Path

import pytest

from analysis.circuits.auroc import edge_auroc, mean_auroc, node_auroc
from analysis.circuits.planted.truth import EMBEDDING, LOGITS, Node, Planted
from analysis.records import Site

A, B, C, D = (Node("mlp.0", 0), Node("mlp.0", 1), Node("mlp.1", 0), Node("mlp.1", 1))


@pytest.fixture
def planted() -> Planted:
    """Two layers of two neurons; A → C is the circuit."""
    return Planted(
        kind="by hand",
        seed=0,
        folder=Path(),
        sites=(Site("mlp", 0, 2), Site("mlp", 1, 2)),
        pairs=(),
        positions={A: (1,), C: (1,)},
        edges=frozenset({(EMBEDDING, A), (A, C), (C, LOGITS)}),
        backups={},
        hidden=frozenset(),
        distractors=frozenset(),
    )


def test_nodes_of_the_circuit_above_all_others_are_found_perfectly(planted):
    assert node_auroc(planted, {A: 2.0, C: 1.0, B: 0.5, D: 0.0}) == 1


def test_a_score_counts_by_its_size_whatever_its_sign(planted):
    assert node_auroc(planted, {A: -2.0, C: 1.0, B: 0.5, D: 0.0}) == 1


def test_every_pair_that_is_the_wrong_way_round_costs_its_share(planted):
    assert node_auroc(planted, {A: 2.0, C: 0.1, B: 0.5, D: 0.0}) == 3 / 4


def test_ties_count_half(planted):
    assert node_auroc(planted, dict.fromkeys((A, B, C, D), 0.0)) == 1 / 2
    assert node_auroc(planted, {A: 2.0, C: 0.5, B: 0.5, D: 0.0}) == 3.5 / 4


def test_scores_that_rounding_leaves_are_all_alike(planted):
    assert node_auroc(planted, {A: 2.0, C: 3e-6, B: 2e-6, D: 1e-6}) == 3 / 4


def test_what_is_ignored_counts_on_neither_side(planted):
    scores = {A: 2.0, C: 0.1, B: 0.5, D: 0.0}
    assert node_auroc(planted, scores, ignoring=[C]) == 1
    assert node_auroc(planted, scores, ignoring=[B]) == 1
    assert edge_auroc(planted, {(A, C): 1.0}, ignoring=planted.edges - {(A, C)}) == 1


def test_a_node_without_a_score_is_named(planted):
    with pytest.raises(ValueError, match=r"mlp\.1.*has no score"):
        node_auroc(planted, {A: 1.0, B: 0.0, C: 1.0})


def test_a_score_of_something_that_the_model_does_not_have_is_refused(planted):
    scores = dict.fromkeys((A, B, C, D), 0.0)
    with pytest.raises(ValueError, match="no such thing"):
        node_auroc(planted, scores | {Node("mlp.7"): 1.0})
    with pytest.raises(ValueError, match="no such thing"):
        edge_auroc(planted, {(C, A): 1.0})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_refused(planted, value):
    with pytest.raises(ValueError, match="no finite number"):
        node_auroc(planted, {A: value, B: 0.0, C: 1.0, D: 0.0})


def test_edges_are_ranked_among_all_that_the_model_could_have(planted):
    """From the embedding 4, between the layers 4, to the logits 4, and one past them all."""
    assert len(list(planted.candidates())) == 13
    assert edge_auroc(planted, dict.fromkeys(planted.edges, 1.0)) == 1


def test_an_edge_without_a_score_counts_as_zero(planted):
    """Three edges against ten others: one found, two tied with all of them."""
    assert edge_auroc(planted, {(A, C): -1.0}) == pytest.approx((10 + 5 + 5) / 30)
    assert edge_auroc(planted, {(B, D): 1.0}) == pytest.approx(3 * 4.5 / 30)


def test_the_mean_of_many_models_has_an_interval_around_it():
    mean = mean_auroc([0.9, 1.0, 0.8, 1.0, 0.95, 0.85, 0.9, 1.0])
    assert mean.value == pytest.approx(0.925)
    assert 0.8 < mean.low < mean.value < mean.high <= 1
    assert mean.n_models == 8


def test_the_interval_is_the_same_for_the_same_seed():
    values = [0.912, 0.987, 0.813, 1.0, 0.956, 0.871, 0.739]
    assert mean_auroc(values, seed=3) == mean_auroc(values, seed=3)
    assert mean_auroc(values, seed=3) != mean_auroc(values, seed=4)


def test_few_models_have_no_interval():
    mean = mean_auroc([0.9, 1.0])
    assert (mean.low, mean.high) == (None, None)


def test_the_mean_of_no_model_is_refused():
    with pytest.raises(ValueError, match="no model"):
        mean_auroc([])
