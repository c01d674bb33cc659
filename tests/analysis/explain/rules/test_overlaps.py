"""Columns of overlaps are what counting both places gives."""

import numpy as np
import pytest

from analysis.explain.rules import overlaps
from analysis.explain.rules.overlaps import count_overlaps
from tests.analysis.explain.rules.invented import candidates, text, vocabulary


def test_a_column_counts_where_both_hold() -> None:
    found = candidates(text(0, n_windows=12, length=24, voc=vocabulary(with_space=True)))
    assert found.counts.min() < overlaps.FEW < found.counts.max()  # both ways of counting
    held = np.stack([found.holds([c]) for c in range(len(found))]).astype(int)
    np.testing.assert_array_equal(held.sum(1), found.counts)
    for which in range(0, len(found), 7):
        np.testing.assert_array_equal(count_overlaps(found, which), held @ held[which])


def test_what_is_kept_is_what_would_be_computed() -> None:
    found = candidates(text(0))
    frequent = int(np.argmax(found.counts))
    first = found.overlaps.column(found, frequent)
    assert found.overlaps.column(found, frequent) is first
    np.testing.assert_array_equal(first, count_overlaps(found, frequent))


def test_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "KEPT_BYTES", 1)
    found = candidates(text(0))
    order = np.argsort(-found.counts)
    first, second = (found.overlaps.column(found, int(which)) for which in order[:2])
    assert found.overlaps.column(found, int(order[0])) is first
    assert found.overlaps.column(found, int(order[1])) is not second
