import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import RecordsError
from analysis.explain.neuron_records import ActivationRecord, NeuronId, NeuronRecord
from analysis.explain.record_splits import SPLITS, split_records


def _record(words, level=1.0):
    tokens = tuple(words)
    return ActivationRecord(tokens, tuple(level * at for at in range(len(tokens))))


def _neuron(n=16, level=1.0):
    return NeuronRecord(
        NeuronId(0, 0),
        random_sample=tuple(_record(["r", str(i), "end"], level) for i in range(n)),
        random_sample_by_quantile=(tuple(_record(["q", str(i)], level) for i in range(n)),),
        most_positive_activation_records=tuple(_record(["t", str(i)], level) for i in range(n)),
    )


def _texts(splits, split, kinds=("random", "top", "by_quantile")):
    found = set()
    for kind in kinds:
        windows = getattr(getattr(splits, split), kind)
        for row, length in zip(windows.tokens, windows.lengths, strict=True):
            found.add(tuple(splits.vocabulary[token] for token in row[:length]))
    return found


def test_every_kind_is_dealt_out_half_a_quarter_a_quarter():
    splits = split_records(_neuron())
    for kind in ("random", "top", "by_quantile"):
        sizes = [len(getattr(getattr(splits, split), kind).lengths) for split in SPLITS]
        assert sizes == [8, 4, 4]


def test_records_stand_side_by_side():
    record = NeuronRecord(NeuronId(0, 0), (_record("ab"), _record("bcd")))
    splits = split_records(record)
    windows = [getattr(splits, split).random for split in ("fit", "test")]
    assert sorted(w.tokens.shape for w in windows) == [(1, 3), (1, 3)]
    assert set(splits.vocabulary) == set("abcd")
    short = next(w for w in windows if w.lengths[0] == 2)
    assert short.activations[0, :2].tolist() == [0, 1]
    assert np.isnan(short.activations[0, 2])


def test_no_text_is_in_two_splits_even_if_it_comes_twice():
    shared = _record(["the", "same"])
    neuron = NeuronRecord(
        NeuronId(0, 0),
        random_sample=(shared, shared, *(_record(["r", str(i)]) for i in range(9))),
        random_sample_by_quantile=((shared,),),
        most_positive_activation_records=(shared, *(_record(["r", str(i)]) for i in range(4))),
    )
    for seed in range(5):
        splits = split_records(neuron, seed=seed)
        texts = [_texts(splits, split) for split in SPLITS]
        assert sum(map(len, texts)) == len(set.union(*texts)) == 10
        numbers = [
            getattr(getattr(splits, split), kind).numbers
            for split in SPLITS
            for kind in ("random", "top", "by_quantile")
        ]
        assert len(set(np.concatenate(numbers).tolist())) == 10


@given(st.integers(0, 10_000))
def test_the_order_of_records_and_their_activations_move_none(seed):
    neuron = _neuron(12, level=-3.0)
    shuffled = random.Random(seed)  # noqa: S311 - no secret
    moved = NeuronRecord(
        neuron.neuron_id,
        tuple(shuffled.sample(neuron.random_sample, 12)),
        (tuple(shuffled.sample(neuron.random_sample_by_quantile[0], 12)),),
        most_positive_activation_records=tuple(
            shuffled.sample(neuron.most_positive_activation_records, 12)
        ),
    )
    ours, theirs = split_records(moved), split_records(_neuron(12))
    assert ours.vocabulary == theirs.vocabulary
    for split in SPLITS:
        assert _texts(ours, split) == _texts(theirs, split)


def test_another_seed_deals_differently():
    assert _texts(split_records(_neuron()), "fit") != _texts(
        split_records(_neuron(), seed=1), "fit"
    )


def test_the_numbers_of_fitted_tokens_do_not_depend_on_tested_text():
    splits = split_records(_neuron())
    seen = {token for text in _texts(splits, "fit") for token in text}
    assert set(splits.vocabulary[: len(seen)]) == seen
    assert list(splits.vocabulary[: len(seen)]) == sorted(seen)


def test_records_that_take_too_much_room_side_by_side_are_refused():
    """One of them is very long, and there are many."""
    long = _record(["a"] * 300_000)
    short = tuple(_record(["r", str(i)]) for i in range(100))
    with pytest.raises(RecordsError, match="101 records of up to 300,000 tokens"):
        split_records(NeuronRecord(NeuronId(0, 0), (long, *short)))


def test_a_neuron_without_records_has_empty_splits():
    splits = split_records(NeuronRecord(NeuronId(0, 0), (_record([]),)))
    assert splits.vocabulary == ()
    assert splits.fit.random.tokens.shape == (0, 0)
