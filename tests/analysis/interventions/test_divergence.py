"""KL of outputs that hardly differ is what float64 says, not the rounding of float32."""

import pytest
import torch

from analysis.interventions.divergence import divergence


def outputs(size, *, vocabulary=49_152, seed=0):
    """Log-probabilities in float32 of logits and of moved ones, and their KL in float64."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(vocabulary, generator=generator, dtype=torch.float64)
    moved = logits + size * torch.randn(vocabulary, generator=generator, dtype=torch.float64)
    p, q = logits.log_softmax(-1), moved.log_softmax(-1)
    exact = float((p.exp() * (p - q)).sum())
    return logits.float().log_softmax(-1), moved.float().log_softmax(-1), exact


@pytest.mark.parametrize("size", [1e-3, 1e-2, 0.1, 1.0, 5.0])
def test_it_is_exact_to_three_digits_over_ten_orders_of_magnitude(size):
    before, after, exact = outputs(size)
    assert float(divergence(before, after)) == pytest.approx(exact, rel=2e-3)


def test_the_same_output_has_none():
    before, _, _ = outputs(1.0)
    assert float(divergence(before, before)) == 0.0


def test_by_hand():
    before = torch.tensor([0.5, 0.5]).log()
    after = torch.tensor([0.25, 0.75]).log()
    expected = 0.5 * torch.tensor(2.0).log() + 0.5 * torch.tensor(2 / 3).log()
    assert float(divergence(before, after)) == pytest.approx(float(expected), rel=1e-6)
