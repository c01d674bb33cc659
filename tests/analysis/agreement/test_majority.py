"""What most people say, and how often one says what the others do: cases worked out by hand."""

import numpy as np
import pytest

from analysis.agreement.majority import most_said, share, with_others

X = np.nan


@pytest.mark.parametrize(
    ("said", "most"),
    [("", ()), ("a", ("a",)), ("aab", ("a",)), ("abba", ("a", "b")), ("bca", ("b", "c", "a"))],
)
def test_what_is_said_most_often_may_be_several(said, most):
    assert most_said(said) == most


def test_each_is_held_against_the_others_without_oneself():
    ratings = np.array(
        [
            [0, 0, 1, 0, X],
            [0, 0, 1, 1, X],
            [0, 1, 1, X, 2],
        ]
    )
    first, second, third = with_others(ratings)
    # item 1: all right. item 2: the others of the first (0, 1) tie, of the third (0, 0) say 0.
    # item 3: all right. item 4: each of two has one other. item 5: nobody else.
    assert (first.n_right, first.n) == (2, 3)
    assert (second.n_right, second.n) == (2, 3)
    assert (third.n_right, third.n) == (2, 3)


def test_of_items_that_nobody_else_judged_nothing_is_said():
    (one,) = with_others(np.array([[0.0, 1.0]]))
    assert (one.n, one.value, one.low) == (0, None, None)


def test_wilsons_interval_is_his_own():
    """Wilson's interval of 8 of 10, as the textbooks have it; and one who is always right is not
    certain to be."""
    told = share(8, 10)
    assert (told.low, told.high) == (
        pytest.approx(0.4902, abs=1e-4),
        pytest.approx(0.9433, abs=1e-4),
    )
    always = share(5, 5)
    assert (always.value, always.high) == (1.0, pytest.approx(1.0))
    assert always.low == pytest.approx(0.5655, abs=1e-4)
