"""Neurons are explained from records alone, and tested on records that nothing was fitted to."""

from dataclasses import replace

import pytest

from analysis.errors import RecordsError
from analysis.explain.neuron_records import ActivationRecord, NeuronId, NeuronRecord
from analysis.explain.record_explaining import SHOWN, explain_record, only
from analysis.explain.record_splits import split_records
from analysis.programs import walking
from analysis.programs.program import At, Near, OneOf
from analysis.programs.writing import write_program
from tests.analysis.explain.neurons import CAUSE, neuron


def test_a_neuron_that_fires_at_a_word_is_explained_by_that_word() -> None:
    found = explain_record(neuron())
    assert found.program is not None
    first, *others = found.program.rules
    assert first.predicate == At(0, OneOf((CAUSE,)))
    assert first.level > 3
    assert all(abs(rule.level) < 0.05 for rule in others)
    assert found.scores is not None
    shown = {one.name: one for one in only(found.scores)}
    assert tuple(shown) == SHOWN
    values = {name: one.score.value or 0 for name, one in shown.items()}
    assert min(values["corpus_r"], values["top_random_r"]) > 0.999
    assert min(values["r2_uncentred"], values["r2_centred"], values["deviation"]) > 0.9
    assert shown["corpus_r"].score.low is None
    assert shown["corpus_r"].reason == "no interval: fewer than 6 documents"
    assert (shown["r2_centred"].mean or 0) < 0.01
    assert shown["corpus_r"].lookup is not None


def test_what_is_tested_on_changes_no_program() -> None:
    record = neuron()
    test = split_records(record).test
    tested = {
        tuple(split_records(record).vocabulary[t] for t in row)
        for windows in (test.random, test.top)
        for row in windows.tokens
    }

    def other(records: tuple[ActivationRecord, ...]) -> tuple[ActivationRecord, ...]:
        return tuple(
            replace(one, activations=one.activations[::-1]) if one.tokens in tested else one
            for one in records
        )

    changed = replace(
        record,
        random_sample=other(record.random_sample),
        most_positive_activation_records=other(record.most_positive_activation_records),
    )
    assert changed != record
    before, after = explain_record(record), explain_record(changed)
    assert write_program(before.shown) == write_program(after.shown)
    assert before.lookup == after.lookup
    assert before.scores != after.scores


def test_no_program_asks_for_what_only_a_model_knows() -> None:
    found = explain_record(neuron(lambda word: float(len(word))))
    assert found.program is not None
    tests = [test for rule in found.program.rules for test in walking.tests_of(rule.predicate)]
    assert not any(isinstance(test, Near) for test in tests)


def test_a_constant_neuron_has_no_program_and_undefined_scores() -> None:
    found = explain_record(neuron(lambda _: 0.5))
    assert found.program is None
    assert found.scores is None
    assert found.reason == "The activation does not vary on the fit text."
    assert found.lookup_scores.status == "undefined"
    assert found.lookup_scores.of("corpus_r").reason == "every activation is the same"


def test_simulations_are_of_test_records_and_scored() -> None:
    record = neuron()
    found = explain_record(record)
    (explained,) = found.simulations.scored_explanations
    sequences = explained.scored_simulation.scored_sequence_simulations
    counts = found.counts["test"]
    assert len(sequences) == counts["random"] + counts["top"] == 4 + 5
    assert explained.scored_simulation.ev_correlation_score > 0.99
    given = {one.tokens for one in record.random_sample + record.most_positive_activation_records}
    assert {one.simulation.tokens for one in sequences} <= given


@pytest.mark.parametrize(
    "record",
    [
        NeuronRecord(NeuronId(0, 0)),
        NeuronRecord(NeuronId(0, 0), (ActivationRecord(("a", "b"), (0.0, 1.0)),)),
        neuron(n_random=1, n_top=20),
        neuron(n_random=0, n_top=20),
    ],
    ids=["none", "one", "one random", "no random"],
)
def test_too_few_records_are_refused(record: NeuronRecord) -> None:
    with pytest.raises(RecordsError, match="explaining needs at least") as told:
        explain_record(record)
    assert "random_sample" in str(told.value.hint)
