"""Exact and near duplicates against similarities known by construction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.corpora import shingling
from analysis.corpora.duplicates import Duplicates
from analysis.corpora.hashing import text_sha256
from analysis.corpora.normalising import clean_label, normalise, slug
from analysis.corpora.shingling import sign


def judge(duplicates, text):
    normalised = normalise(text)
    return duplicates.judge(normalised, text_sha256(normalised))


def words(first, n):
    return " ".join(f"w{i}" for i in range(first, first + n))


def test_texts_are_equal_up_to_case_width_and_white_space():
    assert normalise("  Straße\u00a0\n\tＡＢＣ ﬁn ") == "strasse abc fin"


def test_the_same_text_in_other_case_is_an_exact_duplicate():
    duplicates = Duplicates(0.8)
    assert judge(duplicates, "Call me Ishmael.") == "new"
    assert judge(duplicates, "CALL  me\nIshmael.") == "exact"


def test_equal_signature_places_estimate_the_jaccard_similarity():
    # 1000 and 1000 shingles, 500 in common: J = 500 / 1500.
    estimates = [
        np.mean(sign(words(k, 1004)) == sign(words(k + 500, 1004))) for k in range(0, 20_000, 2_000)
    ]
    assert np.mean(estimates) == pytest.approx(1 / 3, abs=0.05)


def test_a_text_with_a_few_words_changed_is_a_near_duplicate():
    duplicates = Duplicates(0.8)
    text = words(0, 600).split()
    changed = list(text)
    changed[100], changed[400] = "other", "another"  # at most 10 of 596 shingles
    assert judge(duplicates, " ".join(text)) == "new"
    assert judge(duplicates, " ".join(changed)) == "near"


def test_texts_that_share_half_are_no_duplicates():
    duplicates = Duplicates(0.8)
    assert judge(duplicates, words(0, 600)) == "new"
    assert judge(duplicates, words(300, 600)) == "new"


def test_without_threshold_only_exact_duplicates_count():
    duplicates = Duplicates(None)
    assert judge(duplicates, words(0, 600)) == "new"
    assert judge(duplicates, words(0, 601)) == "new"
    assert judge(duplicates, words(0, 600)) == "exact"


def test_near_duplicates_are_found_after_the_index_was_filed(monkeypatch):
    monkeypatch.setattr("analysis.corpora.duplicates._RECENT", 4)
    duplicates = Duplicates(0.8)
    texts = [words(1000 * k, 200) for k in range(10)]
    assert {judge(duplicates, text) for text in texts} == {"new"}
    assert {judge(duplicates, text + " end") for text in texts} == {"near"}


def test_short_texts_are_compared_as_one_shingle():
    duplicates = Duplicates(0.8)
    assert [judge(duplicates, t) for t in ("a b c", "a b d", "a", "A b  c")] == [
        "new", "new", "new", "exact",
    ]  # fmt: skip


def test_texts_without_blanks_in_han_are_compared_by_character():
    duplicates = Duplicates(0.7)
    text = "".join(chr(0x4E00 + k) for k in range(300))
    assert judge(duplicates, text) == "new"
    assert judge(duplicates, text[:150] + "魚" + text[151:]) == "near"


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "δ", "魚"]), min_size=1, max_size=60))
def test_a_signature_does_not_depend_on_the_pieces_it_was_computed_in(text):
    whole = sign(" ".join(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shingling, "_CHUNK", 7)
        assert np.array_equal(sign(" ".join(text)), whole)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Source code", "source-code"),
        ("Größe/../x", "grosse-x"),
        ("--", f"d-{text_sha256('--')[:8]}"),
        ("魚", f"d-{text_sha256('魚')[:8]}"),
    ],
)
def test_slugs_are_plain_and_never_empty(name, expected):
    assert slug(name) == expected


def test_labels_are_one_printable_line_of_bounded_length():
    assert clean_label(" a\x00b\n\tc ") == "a b c"
    assert len(clean_label("x" * 10_000)) == 500
