"""Windows by hand; their choice and order do not depend on the order of documents."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.corpora.cutting import cut_windows
from analysis.corpora.hashing import text_sha256
from analysis.errors import CorpusError
from analysis.records import FrozenDocument


def encode(text):
    """One token per character."""
    return [ord(c) for c in text]


def document(number, text, split="fit"):
    return FrozenDocument(
        number=number, title="", domain="", origin="", split=split,
        sha256=text_sha256(text), text=text,
    )  # fmt: skip


def contents(windows):
    return {
        (int(windows.documents[i]), int(windows.starts[i])): windows.tokens_of(i).tolist()
        for i in range(len(windows))
    }


def many(n, split="fit"):
    return [document(k, f"{split} {k} " + "x" * (k % 13), split) for k in range(n)]


def test_windows_are_cut_by_hand_with_bos_first():
    windows = cut_windows([document(4, "abcdefghij")], encode, window_length=4, bos=0, min_tokens=1)
    assert contents(windows) == {
        (4, 0): [0, 97, 98, 99],
        (4, 3): [0, 100, 101, 102],
        (4, 6): [0, 103, 104, 105],
        (4, 9): [0, 106],
    }
    assert sorted(np.diff(windows.offsets).tolist()) == [2, 4, 4, 4]


def test_without_bos_windows_hold_text_alone():
    windows = cut_windows([document(0, "abcde")], encode, window_length=3, bos=None, min_tokens=1)
    assert contents(windows) == {(0, 0): [97, 98, 99], (0, 3): [100, 101]}


def test_a_last_window_is_kept_only_if_it_is_long_enough():
    documents = [document(0, "a" * 24), document(1, "b" * 25), document(2, "c" * 5)]
    windows = cut_windows(documents, encode, window_length=17, bos=0, min_tokens=9)
    assert sorted(contents(windows)) == [(0, 0), (1, 0), (1, 16)]
    assert windows.counts["fit"].n_short == 2


def test_full_windows_shorter_than_the_least_length_are_kept():
    windows = cut_windows([document(0, "a" * 12)], encode, window_length=4, bos=None)
    assert windows.counts["fit"].taken == 3


def test_splits_are_numbered_one_after_the_other():
    documents = [
        document(0, "a" * 20, "test"), document(1, "b" * 20, "ood:z"), document(2, "c" * 20),
        document(3, "d" * 20, "ood:a"), document(4, "e" * 20),
    ]  # fmt: skip
    windows = cut_windows(documents, encode, window_length=16, bos=None, min_tokens=4)
    assert windows.splits == ("fit", "calibration", "test", "ood:a", "ood:z")
    assert [windows.numbers(split) for split in windows.splits] == [
        range(4), range(4, 4), range(4, 6), range(6, 8), range(8, 10),
    ]  # fmt: skip
    assert [windows.split_of(i) for i in (0, 3, 4, 5, 6, 9)] == [
        "fit", "fit", "test", "test", "ood:a", "ood:z",
    ]  # fmt: skip
    assert {windows.window(i).document for i in windows.numbers("ood:a")} == {3}


def test_more_windows_than_there_are_gives_all_and_says_so():
    windows = cut_windows(
        [document(0, "a" * 64)], encode, window_length=16, bos=None, max_windows={"fit": 1000}
    )
    count = windows.counts["fit"]
    assert (count.asked, count.found, count.taken) == (1000, 4, 4)
    assert windows.counts["test"].found == 0


def test_limits_hold_per_split_with_families():
    splits = ("fit", "test", "ood:a", "ood:b")
    documents = [document(k, split * 64, split) for k, split in enumerate(splits)]
    windows = cut_windows(
        documents, encode, window_length=16, bos=None, min_tokens=1,
        max_windows={"default": 3, "ood": 2, "ood:b": 1},
    )  # fmt: skip
    assert {s: c.taken for s, c in windows.counts.items()} == {
        "fit": 3, "calibration": 0, "test": 3, "ood:a": 2, "ood:b": 1,
    }  # fmt: skip


def test_a_smaller_sample_is_the_head_of_a_larger_one():
    documents = many(3000)
    sizes = (1, 10, 500, 1700)
    large, *rest = [
        cut_windows(
            documents, encode, window_length=6, bos=None, min_tokens=1, max_windows={"fit": n}
        )
        for n in sizes[::-1]
    ]
    assert large.counts["fit"].found > 5000
    for windows in rest:
        n = len(windows)
        assert np.array_equal(windows.documents, large.documents[:n])
        assert np.array_equal(windows.starts, large.starts[:n])
        assert np.array_equal(windows.tokens, large.tokens[: len(windows.tokens)])


def test_a_sample_is_uniform_over_documents_and_places():
    documents = [document(k, chr(97 + k) * 160) for k in range(8)]
    chosen = Counter()
    for seed in range(400):
        windows = cut_windows(
            documents, encode, window_length=16, bos=None, max_windows={"fit": 8}, seed=seed
        )
        chosen.update(contents(windows).keys())
    # 80 windows, each taken with probability 0.1 in 400 draws: 40 ± 6.
    assert len(chosen) == 80
    assert sum((n - 40) ** 2 / 36 for n in chosen.values()) == pytest.approx(80, abs=45)


def test_another_seed_orders_otherwise():
    one, two = (cut_windows(many(50), encode, bos=None, min_tokens=1, seed=s) for s in (0, 1))
    assert sorted(contents(one)) == sorted(contents(two))
    assert one.documents.tolist() != two.documents.tolist()


def test_a_corpus_without_any_window_is_refused():
    with pytest.raises(CorpusError, match="none of its documents has 16 tokens") as caught:
        cut_windows([document(0, "short")], encode, bos=0)
    assert caught.value.hint
    with pytest.raises(CorpusError, match="limits allow none"):
        cut_windows([document(0, "a" * 99)], encode, bos=0, max_windows={"fit": 0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_length": 1}, "no room for text"),
        ({"max_windows": {"train": 5}}, "no split 'train'"),
        ({"max_windows": {"fit": -1}}, "-1 windows"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, message):
    with pytest.raises(CorpusError, match=message):
        cut_windows([document(0, "a" * 99)], encode, bos=0, **options)


def test_progress_hears_of_every_document():
    heard = []
    cut_windows(
        many(3), encode, bos=None, min_tokens=1, n_documents=3,
        progress=lambda done, total: heard.append((done, total)),
    )  # fmt: skip
    assert heard == [(1, 3), (2, 3), (3, 3)]


corpora = st.lists(
    st.tuples(
        st.text("abcdef", min_size=1, max_size=40), st.sampled_from(["fit", "test", "ood:code"])
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda pair: pair[0],
)


@settings(max_examples=60, deadline=None)
@given(corpora, st.integers(2, 9), st.sampled_from([None, 1]))
def test_windows_joined_again_are_the_documents(pairs, window_length, bos):
    documents = [document(k, text, split) for k, (text, split) in enumerate(pairs)]
    windows = cut_windows(documents, encode, window_length=window_length, bos=bos, min_tokens=1)
    extra = 0 if bos is None else 1
    joined = {d.number: [] for d in documents}
    for (number, start), tokens in sorted(contents(windows).items()):
        assert tokens[:extra] == [bos][:extra]
        assert len(tokens) <= window_length
        assert start == len(joined[number])
        joined[number] += tokens[extra:]
    assert joined == {d.number: encode(d.text) for d in documents}
    for i in range(len(windows)):
        assert windows.split_of(i) == documents[windows.documents[i]].split


@settings(max_examples=60, deadline=None)
@given(corpora, st.data(), st.integers(0, 5))
def test_any_head_of_the_windows_is_independent_of_the_order_of_documents(pairs, data, limit):
    documents = [document(k, text, split) for k, (text, split) in enumerate(pairs)]
    shuffled = data.draw(st.permutations(documents))
    options = {"window_length": 4, "bos": None, "min_tokens": 1}
    limits = {"default": limit + 1, "ood": limit + 2}
    one = cut_windows(documents, encode, max_windows=limits, **options)
    two = cut_windows(shuffled, encode, max_windows=limits, **options)
    assert one.sha256 == two.sha256
