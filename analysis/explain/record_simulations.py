"""What a program predicts of a neuron's records, scored, in the published format."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from analysis.explain.neuron_records import (
    ActivationRecord,
    NeuronId,
    NeuronSimulationResults,
    ScoredExplanation,
    ScoredSequenceSimulation,
    ScoredSimulation,
    SequenceSimulation,
)
from analysis.explain.record_splits import RecordWindows, SplitRecords
from analysis.programs.english import in_english
from analysis.programs.program import Program
from analysis.programs.reading import Reading
from analysis.programs.running import predict
from analysis.programs.vocabulary import Vocabulary
from analysis.score.correlation import simulation


@dataclass(frozen=True)
class _Three:
    """As the format names them: simulation r, uncentred R², absolute deviation explained."""

    ev_correlation_score: float | None
    rsquared_score: float | None
    absolute_dev_explained_score: float | None


def simulated_records(
    neuron: NeuronId, program: Program, tested: SplitRecords, vocabulary: Vocabulary
) -> NeuronSimulationResults:
    """The program on the strongest records, then on the random ones: the usual order."""
    records: list[ActivationRecord] = []
    predicted: list[Float[ndarray, " _"]] = []
    for windows in (tested.top, tested.random):
        if len(windows.lengths):
            records += _records(windows, vocabulary)
            there = predict(program, Reading(windows.tokens, windows.lengths, vocabulary))
            predicted += [row[:n] for row, n in zip(there, windows.lengths.tolist(), strict=True)]
    return NeuronSimulationResults(neuron, (simulated(in_english(program), records, predicted),))


def _records(windows: RecordWindows, vocabulary: Vocabulary) -> list[ActivationRecord]:
    return [
        ActivationRecord(
            tuple(vocabulary.texts[token] for token in tokens[:length].tolist()),
            tuple(activations[:length].tolist()),
        )
        for tokens, activations, length in zip(
            windows.tokens, windows.activations, windows.lengths.tolist(), strict=True
        )
    ]


def simulated(
    explanation: str,
    records: Sequence[ActivationRecord],
    predicted: Sequence[Float[ndarray, " _"]],
) -> ScoredExplanation:
    """The explanation with its predictions for each record, in the neuron's own units.

    A program is certain: the distribution at each token is its prediction with probability 1. What
    is undefined is null.
    """
    sequences = []
    for record, values in zip(records, predicted, strict=True):
        three = _scores(np.array(record.activations), values)
        expected = tuple(values.astype(np.float64).tolist())
        sequences.append(
            ScoredSequenceSimulation(
                simulation=SequenceSimulation(
                    tokens=record.tokens,
                    expected_activations=expected,
                    activation_scale="neuron_activations",
                    distribution_values=tuple((value,) for value in expected),
                    distribution_probabilities=((1.0,),) * len(expected),
                ),
                true_activations=record.activations,
                **vars(three),
            )
        )
    nothing = np.zeros(0)
    together = _scores(
        np.concatenate([nothing, *(record.activations for record in records)]),
        np.concatenate([nothing, *predicted]),
    )
    return ScoredExplanation(explanation, ScoredSimulation(tuple(sequences), **vars(together)))


def _scores(actual: ndarray, predicted: ndarray) -> _Three:
    r, uncentred, _, deviation = (
        float(value) if np.isfinite(value) else None for value in simulation(actual, predicted)
    )
    return _Three(r, uncentred, deviation)
