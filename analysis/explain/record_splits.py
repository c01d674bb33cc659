"""The records of one neuron as pools: split by record, with a vocabulary of the tokens that occur.

Within each kind of record (random, strongest, by quantile) the distinct texts are ordered by a
seeded hash and dealt out: half to fit, a quarter each to calibration and test. A text that occurs
several times is in one split only. Neither the order of the records nor their activations matter.
What is not known without the model: whether two excerpts come from one document. So records are
what is resampled for intervals, which may be too narrow.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from analysis.errors import RecordsError
from analysis.explain.neuron_records import ActivationRecord, NeuronRecord

MOST_PLACES = 20_000_000
"""Records times the longest one's tokens: side by side they take so much room."""
DEALT = ("fit", "test", "fit", "calibration")
SPLITS = ("fit", "calibration", "test")


@dataclass(frozen=True)
class RecordWindows:
    """Records side by side; behind a record's end the token is 0 and the activation NaN."""

    tokens: Int64[ndarray, "window pos"]
    """Places in the vocabulary."""
    activations: Float64[ndarray, "window pos"]
    lengths: Int64[ndarray, " window"]
    numbers: Int64[ndarray, " window"]
    """The same for the same text, within one neuron."""


@dataclass(frozen=True)
class SplitRecords:
    """One split: random text, the strongest records, and records chosen by quantile."""

    random: RecordWindows
    top: RecordWindows
    by_quantile: RecordWindows


@dataclass(frozen=True)
class NeuronSplits:
    """A neuron's records, ready to be explained and scored."""

    vocabulary: tuple[str, ...]
    """First what occurs in fit, then what occurs in calibration only, then the rest: the numbers of
    what is fitted on do not depend on what is tested on."""
    fit: SplitRecords
    calibration: SplitRecords
    test: SplitRecords


def split_records(record: NeuronRecord, *, seed: int = 0) -> NeuronSplits:
    """The records of one neuron in three splits; records without a token are left out.

    Raises:
        RecordsError: side by side they are too large.
    """
    kinds = {
        "random": record.random_sample,
        "top": record.most_positive_activation_records,
        "by_quantile": tuple(chain(*(record.random_sample_by_quantile or ()))),
    }
    kinds = {kind: tuple(one for one in given if one.tokens) for kind, given in kinds.items()}
    split_of = _deal(kinds.values(), seed)
    everything = list(chain(*kinds.values()))
    vocabulary = _vocabulary(everything, split_of)
    numbers = {text: number for number, text in enumerate(split_of)}
    width = max((len(one.tokens) for one in everything), default=0)
    if len(everything) * width > MOST_PLACES:
        raise RecordsError(
            f"{len(everything):,} records of up to {width:,} tokens are too much for one neuron.",
            hint=f"Cut the longest ones: records times tokens may be {MOST_PLACES:,}.",
        )

    def windows(split: str, kind: str) -> RecordWindows:
        chosen = [one for one in kinds[kind] if split_of[one.tokens] == split]
        return _side_by_side(chosen, vocabulary, numbers, width)

    splits = {
        split: SplitRecords(
            random=windows(split, "random"),
            top=windows(split, "top"),
            by_quantile=windows(split, "by_quantile"),
        )
        for split in SPLITS
    }
    return NeuronSplits(tuple(vocabulary), splits["fit"], splits["calibration"], splits["test"])


def _deal(kinds: Iterable[Sequence[ActivationRecord]], seed: int) -> dict[tuple[str, ...], str]:
    """The split of every distinct text."""
    split_of: dict[tuple[str, ...], str] = {}
    for records in kinds:
        new = {one.tokens for one in records} - set(split_of)
        for place, text in enumerate(sorted(new, key=lambda text: _hash(text, seed))):
            split_of[text] = DEALT[place % len(DEALT)]
    return split_of


def _hash(text: tuple[str, ...], seed: int) -> bytes:
    return blake2b(json.dumps([seed, *text]).encode("ascii"), digest_size=16).digest()


def _vocabulary(
    records: Sequence[ActivationRecord], split_of: dict[tuple[str, ...], str]
) -> dict[str, int]:
    """The place of every token."""
    places: dict[str, int] = {}
    for split in SPLITS:
        there = {t for one in records if split_of[one.tokens] == split for t in one.tokens}
        for token in sorted(there - set(places)):
            places[token] = len(places)
    return places


def _side_by_side(
    records: Sequence[ActivationRecord],
    vocabulary: dict[str, int],
    numbers: dict[tuple[str, ...], int],
    width: int,
) -> RecordWindows:
    tokens = np.zeros((len(records), width), np.int64)
    activations = np.full((len(records), width), np.nan)
    for row, one in enumerate(records):
        tokens[row, : len(one.tokens)] = [vocabulary[token] for token in one.tokens]
        activations[row, : len(one.tokens)] = one.activations
    return RecordWindows(
        tokens=tokens,
        activations=activations,
        lengths=np.array([len(one.tokens) for one in records], np.int64),
        numbers=np.array([numbers[one.tokens] for one in records], np.int64),
    )
