"""Neuron records by hand: words in a random order, and a neuron that fires at one of them."""

import random
from collections.abc import Callable

from analysis.explain.neuron_records import ActivationRecord, NeuronId, NeuronRecord

WORDS = (
    " apple", " bread", " chair", " door", " ear", " fork", " glass", " hat", " ink", " jar",
    " key", " lamp", " moon", " nail", " oven",
)  # fmt: skip
CAUSE = " king"


def fires_at_king(word: str) -> float:
    return 4.0 if word == CAUSE else 0.25


def text(rng: random.Random, level: Callable[[str], float], length: int = 40) -> ActivationRecord:
    tokens = tuple(rng.choice((*WORDS, CAUSE)) for _ in range(length))
    return ActivationRecord(tokens, tuple(level(token) for token in tokens))


def neuron(
    level: Callable[[str], float] = fires_at_king,
    *,
    n_random: int = 15,
    n_top: int = 20,
    layer: int = 0,
    index: int = 1,
) -> NeuronRecord:
    """As many records as published ones have."""
    rng = random.Random(index)  # noqa: S311 - texts for a test
    return NeuronRecord(
        NeuronId(layer, index),
        random_sample=tuple(text(rng, level) for _ in range(n_random)),
        most_positive_activation_records=tuple(text(rng, level) for _ in range(n_top)),
    )
