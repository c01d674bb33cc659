"""What the proofs of a circuit say, of planted circuits that were searched whole."""

import numpy as np
import pytest
import torch

from analysis.circuits.finding import Asked, Search
from analysis.circuits.judging import judge_of
from analysis.circuits.keeping import batches, stand_ins
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.units import Units
from analysis.tasks.prompting import Prompted
from analysis.tasks.task import Metric


@pytest.fixture(scope="module")
def chain(subject):
    """A planted chain, its pairs divided, and what a search of it found."""
    planted, _ = subject("chain")
    pairs = tuple(task_pairs(planted.planted))
    parts = Prompted(pairs[:4], pairs[4:])
    return planted.model, parts, Search(planted.model, METRIC, parts, Asked(steps=40)).run()


def told(proof, of):
    return next(each for each in proof.behaviours if each.of == of)


def test_it_is_told_what_each_network_says_apart_from_the_ratio_of_means(chain):
    _, parts, found = chain
    proof = found.proofs[0]
    assert [each.of for each in proof.behaviours] == ["whole", "circuit", "rest", "empty"]
    whole, circuit = told(proof, "whole"), told(proof, "circuit")
    assert whole.kl.value == pytest.approx(0, abs=1e-6)
    assert whole.right is not None
    assert whole.right.value == circuit.right.value == 1
    assert told(proof, "empty").right.value == told(proof, "rest").right.value == 0
    assert circuit.kl.value == pytest.approx(np.mean([row.kl for row in proof.rows]))
    assert circuit.kl.value > 0.1  # of noise that writes to other tokens it has none
    assert whole.metric.value == pytest.approx(proof.whole.value)
    model = chain[0]
    values = judge_of(batches(model, METRIC, parts.held_out), found.units).whole
    assert whole.spread == pytest.approx(values.std(ddof=1))


def test_what_the_networks_say_is_measured_whatever_the_metric(chain):
    """KL is told of all, and who is right of all pairs that name it, of a task that looks at
    neither."""
    model, parts, _ = chain
    units = Units(tuple(model.sites))
    nothing = torch.zeros(len(units))
    by_logits, by_chance = (
        judge_of(batches(model, metric, parts.held_out), units).says(nothing)
        for metric in (METRIC, Metric(kind="log_probability"))
    )
    assert by_logits.kl == pytest.approx(by_chance.kl)
    assert by_logits.right.tolist() == by_chance.right.tolist()
    assert by_logits.metric[0] != pytest.approx(by_chance.metric[0])


def test_of_pairs_that_name_no_answer_nobody_is_right(chain):
    model, parts, _ = chain
    units = Units(tuple(model.sites))
    unnamed = [pair.model_copy(update={"right": (), "wrong": ()}) for pair in parts.held_out]
    said = judge_of(batches(model, Metric(kind="kl"), unnamed), units).says(torch.zeros(len(units)))
    assert np.isnan(said.right).all()
    assert (said.kl > 0).all()


def test_rows_are_what_the_ratios_are_made_of(chain):
    _, parts, found = chain
    proof = found.proofs[0]
    assert {row.prompt for row in proof.rows} == {pair.clean.text for pair in parts.held_out}
    whole, circuit, rest, empty = (
        sum(getattr(row, of) for row in proof.rows) for of in ("whole", "circuit", "rest", "empty")
    )
    assert (circuit - empty) / (whole - empty) == pytest.approx(proof.faithfulness.value)
    assert (rest - empty) / (whole - empty) == pytest.approx(proof.completeness.value)
    assert all(row.right for row in proof.rows)


def test_the_circuit_is_also_ablated_in_the_other_two_ways(chain):
    """As a judge of that ablation says, means being over the pairs for finding."""
    model, parts, found = chain
    proof = found.proofs[0]
    assert [each.ablation for each in proof.otherwise] == ["mean", "zero"]
    for each in proof.otherwise:
        others = stand_ins(model, METRIC, parts.finding, each.ablation)
        judge = judge_of(batches(model, METRIC, parts.held_out, others), found.units)
        assert each.faithfulness == judge.of_kept(found.kept)
        assert each.completeness == judge.of_rest(found.kept)
    assert not found.proofs[1].otherwise


def test_where_none_are_held_out_the_proof_on_prompts_for_finding_has_it_all(subject):
    planted, _ = subject("chain")
    pairs = tuple(task_pairs(planted.planted))
    (proof,) = (
        Search(planted.model, METRIC, Prompted(pairs, ()), Asked(steps=20, ablation="zero"))
        .run()
        .proofs
    )
    assert [each.ablation for each in proof.otherwise] == ["resample", "mean"]
    assert proof.matched is not None
    assert len(proof.behaviours) == 4
    assert not proof.apart


def test_beside_the_circuit_stand_random_ones_of_its_layers_and_kinds(chain):
    proof = chain[2].proofs[0]
    assert proof.matched is not None
    assert proof.matched.n == 20
    assert proof.matched.lowest <= proof.matched.mean <= proof.matched.highest
    assert proof.matched.n_as_near < 20
