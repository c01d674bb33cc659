"""Levels by hand."""

import numpy as np
import pytest

from analysis.explain.rules.levels import set_levels


def test_without_shrinkage_a_rule_gets_the_difference_of_means() -> None:
    held = np.array([[1, 1, 0, 0]], np.float32)
    (base, levels), (_, shrunk) = set_levels(held, np.array([3, 5, 1, 1], np.float32), [0.0, 1.0])
    assert base == pytest.approx(1)
    assert levels.tolist() == pytest.approx([3])
    # Σ(h − h̄)(a − ā) = 3, Σ(h − h̄)² = 1, so 3/(1 + 1).
    assert shrunk.tolist() == pytest.approx([1.5])


def test_rules_that_hold_together_share_what_they_explain() -> None:
    held = np.array([[1, 1, 0, 0], [1, 0, 1, 0]], np.float32)
    ((base, levels),) = set_levels(held, np.array([7, 2, 5, 0], np.float32), [0.0])
    assert base == pytest.approx(0, abs=1e-6)
    assert levels.tolist() == pytest.approx([2, 5])
