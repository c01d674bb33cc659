import numpy as np
import pytest

from analysis.explain.neuron_records import ActivationRecord, NeuronId, NeuronSimulationResults
from analysis.explain.record_simulations import simulated
from analysis.explain.tagged import dumps, loads

RECORDS = (
    ActivationRecord(("a", "b", "c"), (0.0, 0.0, 5.0)),
    ActivationRecord(("d", "e", "f"), (1.0, 0.0, -1.0)),
    ActivationRecord(("g",), (0.0,)),
)


def test_predictions_and_scores_are_written_as_published():
    predicted = [np.array([0.0, 1, 10]), np.array([0.0, 0, 0]), np.array([0.0])]
    explained = simulated("fires at c", RECORDS[:2], predicted[:2])
    scored = explained.scored_simulation
    assert scored.ev_correlation_score == pytest.approx(0.9504623792)
    assert scored.rsquared_score == pytest.approx(-1 / 27)
    assert scored.absolute_dev_explained_score == pytest.approx(-1 / 7)
    first, second = scored.scored_sequence_simulations
    assert first.simulation.expected_activations == (0, 1, 10)
    assert first.simulation.distribution_values == ((0,), (1,), (10,))
    assert first.simulation.distribution_probabilities == ((1,),) * 3
    assert first.true_activations == (0, 0, 5)
    assert second.ev_correlation_score is None


def test_they_are_read_again():
    predicted = [np.float32([0.1, 1, 10]), np.float32([0, 0, 0]), np.float32([0])]
    results = NeuronSimulationResults(NeuronId(1, 2), (simulated("x", RECORDS, predicted),))
    assert loads(dumps(results), NeuronSimulationResults) == results


def test_no_records_no_scores():
    scored = simulated("x", (), ()).scored_simulation
    assert scored.ev_correlation_score is None
    assert scored.scored_sequence_simulations == ()
