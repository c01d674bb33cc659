"""The scores of published simulations follow from their numbers, whatever the file claims."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.explain.neuron_records import ActivationRecord, ScoredExplanation, ScoredSimulation
from analysis.explain.record_checking import check_explanation
from analysis.explain.record_simulations import simulated

RECORDS = (
    ActivationRecord(("a", "b", "c"), (0.0, 0.0, 5.0)),
    ActivationRecord(("d", "e", "f"), (1.0, 0.0, -1.0)),
)
PREDICTED = [np.array([0.0, 1, 10]), np.array([0.0, 0, 0])]


def claims(explained: ScoredExplanation) -> dict[str, tuple[float | None, float | None, bool]]:
    checked = check_explanation(explained)
    return {c.metric.name: (c.metric.score.value, c.claimed, c.differs) for c in checked.claims}


def test_the_golden_values_come_out() -> None:
    found = claims(simulated("c", RECORDS, PREDICTED))
    assert found["corpus_r"] == (pytest.approx(0.9504623792), pytest.approx(0.9504623792), False)
    assert found["r2_uncentred"] == (pytest.approx(-1 / 27), pytest.approx(-1 / 27), False)
    assert found["deviation"] == (pytest.approx(-1 / 7), pytest.approx(-1 / 7), False)
    assert found["r2_centred"][1:] == (None, False)


def test_a_claim_that_does_not_follow_is_told() -> None:
    honest = simulated("c", RECORDS, PREDICTED)
    scored = replace(honest.scored_simulation, ev_correlation_score=0.99, rsquared_score=None)
    found = claims(replace(honest, scored_simulation=scored))
    assert found["corpus_r"][2]
    assert found["r2_uncentred"][2]
    assert not found["deviation"][2]


def test_a_wrong_claim_of_one_excerpt_is_counted() -> None:
    honest = simulated("c", RECORDS, PREDICTED)
    first, second = honest.scored_simulation.scored_sequence_simulations
    wrong = replace(first, rsquared_score=0.9)
    scored = replace(honest.scored_simulation, scored_sequence_simulations=(wrong, second))
    assert check_explanation(honest).n_differing == 0
    assert check_explanation(replace(honest, scored_simulation=scored)).n_differing == 1


def test_nothing_simulated_is_undefined() -> None:
    checked = check_explanation(ScoredExplanation("nothing", ScoredSimulation((), 0.7)))
    assert checked.n_tokens == 0
    assert all(claim.metric.score.value is None for claim in checked.claims)
    assert checked.claims[0].claimed == 0.7
    assert not any(claim.differs or claim.is_checked for claim in checked.claims)


def test_constant_activations_are_undefined_not_zero() -> None:
    records = (ActivationRecord(("a", "b"), (1.0, 1.0)),)
    found = claims(simulated("a", records, [np.array([0.0, 2.0])]))
    assert found["corpus_r"] == (None, None, False)
    assert found["r2_centred"][0] is None
