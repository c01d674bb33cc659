"""Columns of overlaps are what counting both places gives."""

import numpy as np
import pytest

from analysis.explain.rules import overlaps
from analysis.explain.rules.overlaps import Column, count_overlaps
from tests.analysis.explain.rules.invented import candidates, text, vocabulary


def test_a_column_counts_where_both_hold() -> None:
    found = candidates(text(0, n_windows=12, length=24, voc=vocabulary(with_space=True)))
    assert found.counts.min() < overlaps.FEW < found.counts.max()  # both ways of counting
    held = np.stack([found.holds([c]) for c in range(len(found))]).astype(int)
    np.testing.assert_array_equal(held.sum(1), found.counts)
    for which in range(0, len(found), 7):
        np.testing.assert_array_equal(count_overlaps(found, which), held @ held[which])


def test_so_does_a_column_of_a_candidate_that_holds_nearly_everywhere() -> None:
    found = candidates(text(0, n_windows=120, length=24, voc=vocabulary(with_space=True)))
    frequent = np.flatnonzero(found.counts >= overlaps.MANY)
    assert len(frequent)
    held = np.stack([found.holds([c]) for c in range(len(found))])
    for which in frequent[:: max(1, len(frequent) // 8)].tolist():
        expected = (held & held[which]).sum(1)
        np.testing.assert_array_equal(count_overlaps(found, which), expected)


def whole(column: Column, n: int) -> np.ndarray:
    counts = np.zeros(n, column.counts.dtype)
    counts[slice(None) if column.others is None else column.others] = column.counts
    return counts


def test_a_column_of_few_overlaps_is_kept_as_a_list_of_them() -> None:
    found = candidates(text(0, n_windows=2, length=24))
    columns = [found.overlaps.column(found, which) for which in range(len(found))]
    assert {column.others is None for column in columns} == {True, False}
    for which, column in enumerate(columns):
        np.testing.assert_array_equal(whole(column, len(found)), count_overlaps(found, which))


def test_what_is_kept_is_what_would_be_computed() -> None:
    found = candidates(text(0))
    frequent = int(np.argmax(found.counts))
    first = found.overlaps.column(found, frequent)
    assert found.overlaps.column(found, frequent) is first
    np.testing.assert_array_equal(whole(first, len(found)), count_overlaps(found, frequent))


def test_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "KEPT_BYTES", 1)
    found = candidates(text(0))
    order = np.argsort(-found.counts)
    first, second = (found.overlaps.column(found, int(which)) for which in order[:2])
    assert found.overlaps.column(found, int(order[0])) is first
    assert found.overlaps.column(found, int(order[1])) is not second
