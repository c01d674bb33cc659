import numpy as np
import pytest
import torch

from analysis.weights.output_side import Readout, output_sides


def test_two_vectors_and_three_tokens_by_hand():
    unembedding = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    # centred over the vocabulary: rows minus their mean (1, 1)
    readout = Readout.of(unembedding)
    np.testing.assert_allclose(readout.centred, [[0, -1, 1], [-1, 2, -1]])
    found = output_sides(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), readout, n_tokens=1)
    assert found.norms.tolist() == [2, 0]
    assert found.tokens[0].tolist() == [2, 1]
    assert found.logits[0].tolist() == [2, -2]
    # z = sqrt(d) cos: token 2 is (1, -1), token 1 is (-1, 2); d = 2
    assert found.z_scores[0] == pytest.approx([2**0.5 / 2**0.5, -(2**0.5) / 5**0.5])
    assert found.z_scores[1].tolist() == [0, 0]


def test_z_scores_of_random_directions_are_standard_normal():
    generator = torch.Generator().manual_seed(0)
    readout = Readout.of(torch.randn(64, 40, generator=generator))
    vectors = torch.randn(4000, 64, generator=generator)
    found = output_sides(vectors, readout, n_tokens=40)
    z = found.z_scores[:, :40]  # all tokens, each once
    assert z.mean() == pytest.approx(0, abs=0.02)
    assert z.std() == pytest.approx(1, abs=0.02)


def test_promoted_tokens_fall_and_suppressed_ones_rise():
    generator = torch.Generator().manual_seed(1)
    readout = Readout.of(torch.randn(16, 3000, generator=generator))
    vectors = torch.randn(7, 16, generator=generator)
    found = output_sides(vectors, readout, n_tokens=5)
    logits = (vectors @ readout.centred).numpy()
    for unit in range(7):
        order = np.argsort(-logits[unit])
        assert found.tokens[unit].tolist() == [*order[:5], *order[:-6:-1]]
        np.testing.assert_allclose(found.logits[unit], logits[unit][found.tokens[unit]], rtol=1e-5)
