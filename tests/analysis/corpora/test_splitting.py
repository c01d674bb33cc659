"""Splits depend on a document's own text, a seed and the held-out domains alone."""

from collections import Counter

import pytest

from analysis.corpora.hashing import seeded_int, text_sha256
from analysis.corpora.splitting import Shares, assign_split, order_splits
from analysis.errors import CorpusError


def assign(text, *, seed=0, shares=None, domain="text", held_out=()):
    digest = text_sha256(text)
    return assign_split(digest, domain, seed=seed, shares=shares or Shares(), held_out=held_out)


def test_a_split_is_where_the_seeded_hash_falls():
    shares = Shares(0.5, 0.25, 0.25)
    for k in range(50):
        place = seeded_int(3, "split", text_sha256(str(k))) / 2**64
        expected = "fit" if place < 0.5 else "calibration" if place < 0.75 else "test"
        assert assign(str(k), seed=3, shares=shares) == expected


def test_shares_are_met_on_average():
    counts = Counter(assign(str(k)) for k in range(4000))
    assert counts["fit"] == pytest.approx(2800, abs=120)
    assert counts["calibration"] == pytest.approx(400, abs=80)
    assert counts["test"] == pytest.approx(800, abs=110)


def test_another_seed_splits_otherwise():
    assert any(assign(str(k), seed=0) != assign(str(k), seed=1) for k in range(20))


def test_a_share_of_zero_gets_nothing():
    shares = Shares(0.5, 0.0, 0.5)
    assert {assign(str(k), shares=shares) for k in range(200)} == {"fit", "test"}
    assert {assign(str(k), shares=Shares(1, 0, 0)) for k in range(50)} == {"fit"}
    assert {assign(str(k), shares=Shares(0, 1, 0)) for k in range(50)} == {"calibration"}


def test_a_held_out_domain_is_a_split_of_its_own():
    assert assign("x", domain="Source Code", held_out=("source-code",)) == "ood:source-code"


@pytest.mark.parametrize("shares", [(0.7, 0.1, 0.3), (-0.1, 0.5, 0.6), (float("nan"), 0.5, 0.5)])
def test_shares_that_do_not_sum_to_one_are_refused(shares):
    with pytest.raises(CorpusError, match="shares of fit, calibration and test"):
        Shares(*shares)


def test_splits_are_ordered_with_the_held_out_domains_last():
    assert order_splits({"ood:z", "test", "ood:a"}) == (
        "fit", "calibration", "test", "ood:a", "ood:z",
    )  # fmt: skip
