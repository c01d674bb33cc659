"""What circuits are asked for by is called the same wherever it is named."""

from typing import get_args

from analysis.protocol import circuits
from app.rendering import circuit as words
from app.store import circuit_request


def test_a_circuit_is_asked_for_by_the_names_that_it_is_told_by():
    assert get_args(circuit_request.Ranking) == get_args(circuits.Ranking) == tuple(words.METHODS)
    assert (
        get_args(circuit_request.Ablation)
        == get_args(circuits.Ablation)
        == tuple(words.ABLATIONS)
        == tuple(words.INSTEAD)
    )
