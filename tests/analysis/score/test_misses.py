import numpy as np
import pytest

from analysis.score.misses import where_it_fails, worst_windows
from tests.analysis.score.pools import pool_of

ACTUAL = np.array([[99.0, 0, 0], [0, 0, 4], [0, 0, 0]])
PREDICTED = np.array([[0.0, 1, 0], [0, 0, 1], [0, 3, 0]])
TOKENS = [["<s>", " a", " b"], ["<s>", " a", " c"], ["<s>", " a", " b"]]


def _pool():
    return pool_of(3, 3, counted_from=1)


def test_windows_come_by_their_share_of_the_error():
    found = worst_windows(ACTUAL, PREDICTED, _pool())
    assert found.windows.tolist() == [1, 2, 0]
    assert found.shares == pytest.approx([9 / 19, 9 / 19, 1 / 19])


def test_a_perfect_prediction_has_no_worst_window():
    found = worst_windows(ACTUAL, ACTUAL, _pool())
    assert found.windows.tolist() == [0, 1, 2]
    assert found.shares.tolist() == [0, 0, 0]


def test_failings_are_counted_by_token():
    found = where_it_fails(ACTUAL, PREDICTED, TOKENS, _pool())
    assert found.beyond == pytest.approx(np.std([0, 0, 0, 4, 0, 0]))
    (high,) = found.too_high
    assert (high.token, high.count, high.of) == (" a", 1, 3)
    assert (high.actual, high.predicted) == (0, 3)
    (low,) = found.too_low
    assert (low.token, low.count, low.of) == (" c", 1, 1)
    assert low.share == pytest.approx(9 / 19)
    assert (found.n_too_high, found.n_too_low, found.n_positions) == (1, 1, 6)


def test_only_so_many_are_shown_and_all_are_counted():
    predicted = np.array([[0.0, 9, 8], [0, 9, 4], [0, 9, 8]])
    found = where_it_fails(ACTUAL, predicted, TOKENS, _pool(), n=1)
    assert [e.token for e in found.too_high] == [" a"]
    assert found.n_too_high == 5


def test_an_empty_pool_has_no_failings():
    empty = np.zeros((0, 3))
    found = where_it_fails(empty, empty, [], pool_of(0, 3))
    assert (found.too_high, found.too_low, found.n_positions) == ((), (), 0)
    assert len(worst_windows(empty, empty, pool_of(0, 3)).windows) == 0
