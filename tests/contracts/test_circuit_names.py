"""What circuits are asked for by is called the same wherever it is named."""

from typing import get_args

from analysis.protocol import circuits, proofs
from app.rendering import circuit as words
from app.rendering import proof as proof_words
from app.rendering import proof_curves
from app.store import circuit_request


def test_a_circuit_is_asked_for_by_the_names_that_it_is_told_by():
    assert get_args(circuit_request.Ranking) == get_args(circuits.Ranking) == tuple(words.METHODS)
    assert (
        get_args(circuit_request.Ablation)
        == get_args(proofs.Ablation)
        == tuple(words.ABLATIONS)
        == tuple(words.INSTEAD)
    )


def test_every_curve_has_its_words_and_its_turn_in_the_drawing():
    curves = set(get_args(proofs.CurveOf))
    assert set(words.CURVES) == curves
    assert set(proof_curves.ORDER) == curves
    assert len(proof_curves.ORDER) == len(curves)


def test_every_network_of_a_proof_and_everything_new_has_its_words():
    assert set(proof_words.NETWORKS) == set(
        get_args(proofs.Behaviour.model_fields["of"].annotation)
    )
    assert set(proof_words.NEW) == set(get_args(proofs.Novelty))
