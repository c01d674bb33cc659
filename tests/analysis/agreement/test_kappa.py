"""Cohen's kappa by hand, at its ends, and of weighted values."""

import numpy as np
import pytest

from analysis.agreement.kappa import kappas

X = np.nan


def of(*rows, level="nominal"):
    return kappas(np.array(rows, float), level)


def test_a_table_of_two_by_two_comes_out_as_by_hand():
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.7 agree, 0.5 by chance."""
    one = [1] * 25 + [0] * 25
    other = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    (found,) = of(one, other)
    assert found.value == pytest.approx(0.4)
    assert (found.agreed, found.n_items) == (pytest.approx(0.7), 50)


def test_of_ordinal_values_a_near_miss_counts_less():
    one = [0, 1, 2, 3, 0, 1, 2, 3]
    near = [1, 2, 3, 2, 0, 1, 2, 3]
    far = [3, 3, 0, 0, 0, 1, 2, 3]
    (first,), (second,) = of(one, near, level="ordinal"), of(one, far, level="ordinal")
    assert first.value > 0.7
    assert second.value < 0.1
    assert first.agreed == second.agreed == 0.5


def test_every_two_are_told_on_what_both_judged():
    found = of([0, 1, X, 1], [0, 1, 1, X], [X, X, X, X])
    assert [(each.first, each.second, each.n_items) for each in found] == [
        (0, 1, 2), (0, 2, 0), (1, 2, 0),
    ]  # fmt: skip
    assert found[0].value == 1.0
    assert (found[1].value, found[1].agreed) == (None, None)


def test_two_who_always_say_the_same_one_thing_have_no_kappa():
    (found,) = of([1, 1, 1], [1, 1, 1])
    assert (found.value, found.agreed) == (None, 1.0)


def test_values_are_ranked_among_all_that_anybody_gave():
    """10 and 30 are two ranks apart where a third gave 20."""
    assert of([10, 30], [30, 10], level="ordinal")[0].value == of([0, 1], [1, 0])[0].value
    assert of([10, 10], [30, 30], [20, 20], level="ordinal")[0].n_items == 2
