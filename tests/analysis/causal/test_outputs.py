"""Jensen-Shannon divergence of two outputs, however near or far they are."""

import math

import pytest
import torch

from analysis.causal.outputs import divergence, losses


def by_definition(p, q):
    middle = (p + q) / 2
    return 0.5 * (p * (p / middle).log() + q * (q / middle).log()).nansum().item()


def test_two_coins():
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    found = divergence(p.log(), q.log())
    by_hand = 0.5 * (
        0.5 * math.log(0.5 / 0.375)
        + 0.5 * math.log(0.5 / 0.625)
        + 0.25 * math.log(0.25 / 0.375)
        + 0.75 * math.log(0.75 / 0.625)
    )
    assert found.item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-5, 1e-3, 0.1, 0.9, 5.0, 100.0])
def test_outputs_near_and_far_are_as_exact_as_in_float64(scale):
    generator = torch.Generator().manual_seed(0)
    clean = torch.randn(4, 500, generator=generator, dtype=torch.float64)
    edited = clean + scale * torch.randn(4, 500, generator=generator, dtype=torch.float64)
    clean, edited = clean.log_softmax(-1), edited.log_softmax(-1)
    found = divergence(clean.float(), edited.float()).item()
    # of differences of 1e-5, float32 keeps two digits, as log-probabilities are about 6
    assert found == pytest.approx(
        by_definition(clean.exp(), edited.exp()), rel=max(1e-4, 1e-7 / scale)
    )


def test_the_same_output_is_no_divergence():
    clean = torch.randn(3, 50).log_softmax(-1)
    assert divergence(clean, clean.clone()).item() == 0


def test_loss_is_of_the_token_that_follows():
    log_probs = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    assert losses(log_probs, torch.tensor([0, 1])).item() == pytest.approx(-math.log(0.5 * 0.75))
