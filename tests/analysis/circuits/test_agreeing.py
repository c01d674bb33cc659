"""How estimates agree with exact effects, on six neurons by hand."""

import pytest
import torch

from analysis.circuits.agreeing import Sample, agreement, sample
from tests.analysis.circuits.told import units_of

EFFECT = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
EXACT = {0: 1.0, 1: 2.0, 2: 3.0, 3: 6.0, 4: 5.0, 5: 4.0}
DRAWN = Sample(top=(5, 4, 3), random=(0, 1, 2), seed=7)


def test_the_largest_and_the_random_ones_are_told_apart_and_together():
    """Together: (87 − 6 × 3.5²) / 17.5."""
    found = agreement(EFFECT, EXACT, DRAWN, [])
    assert found.r_top == pytest.approx(-1)
    assert found.r_random == pytest.approx(1)
    assert found.r == pytest.approx(13.5 / 17.5)
    assert (found.n_top, found.n_random, found.seed, found.n_doubtful) == (3, 3, 7, 0)


def test_what_was_run_for_its_doubt_counts_only_where_that_is_said():
    """Without neuron 5: (63 − 5 × 3 × 3.4) / √(10 × 17.2)."""
    found = agreement(EFFECT, EXACT, DRAWN, [5])
    assert found.r == pytest.approx(12 / 172**0.5)
    assert found.r_all == pytest.approx(13.5 / 17.5)
    assert (found.n_top, found.n_doubtful) == (2, 1)
    assert found.r_top is None  # of two there is none


def test_a_neuron_that_is_drawn_twice_counts_once():
    twice = Sample(top=(3, 4, 5), random=(0, 5, 4), seed=0)
    once = Sample(top=(3, 4, 5), random=(0,), seed=0)
    assert agreement(EFFECT, EXACT, twice, []).r == agreement(EFFECT, EXACT, once, []).r


@pytest.mark.parametrize(
    ("effect", "exact"),
    [(torch.ones(6), EXACT), (EFFECT, dict.fromkeys(range(6), 2.0))],
)
def test_what_does_not_vary_agrees_with_nothing(effect, exact):
    found = agreement(effect, exact, DRAWN, [])
    assert (found.r, found.r_top, found.r_random) == (None, None, None)


def test_the_top_is_of_neurons_by_the_size_of_their_effect_and_never_of_heads():
    effect = torch.tensor([0.1, -5.0, 0.2, 3.0, -0.3, 0.0, 90.0, -80.0])
    found = sample(effect, units_of(6, heads=2), n=2, seed=0)
    assert found.top == (1, 3)
    every = sample(effect, units_of(6, heads=2), n=48, seed=0)
    assert sorted(every.random) == sorted(every.top) == list(range(6))
    assert sample(effect, units_of(6, heads=2), n=3, seed=5) == sample(
        effect, units_of(6, heads=2), n=3, seed=5
    )
