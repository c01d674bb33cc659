import numpy as np
import pytest
import torch

from analysis.weights.output_side import Readout, largest_by_chance, output_sides


def test_two_vectors_and_three_tokens_by_hand():
    unembedding = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])
    # centred over the vocabulary: rows minus their mean (1, 1)
    readout = Readout.of(unembedding)
    np.testing.assert_allclose(readout.centred, [[0, -1, 1], [-1, 2, -1]])
    found = output_sides(torch.tensor([[2.0, 0.0], [0.0, 0.0]]), readout, n_tokens=1, scale=1)
    assert found.norms.tolist() == [2, 0]
    assert found.tokens[0].tolist() == [2, 1, 2, 1]
    assert found.logits[0].tolist() == [2, -2, 2, -2]
    # z = sqrt(d) cos: token 2 is (1, -1), token 1 is (-1, 2); d = 2
    assert found.z_scores[0] == pytest.approx(2 * [2**0.5 / 2**0.5, -(2**0.5) / 5**0.5])
    assert found.z_scores[1].tolist() == [0, 0, 0, 0]


def test_z_scores_of_random_directions_are_standard_normal():
    generator = torch.Generator().manual_seed(0)
    readout = Readout.of(torch.randn(64, 40, generator=generator))
    vectors = torch.randn(4000, 64, generator=generator)
    found = output_sides(vectors, readout, n_tokens=40, scale=1)
    z = found.z_scores[:, :40]  # all tokens, each once
    assert z.mean() == pytest.approx(0, abs=0.02)
    assert z.std() == pytest.approx(1, abs=0.02)


def test_promoted_tokens_fall_and_suppressed_ones_rise():
    generator = torch.Generator().manual_seed(1)
    readout = Readout.of(torch.randn(16, 3000, generator=generator))
    vectors = torch.randn(7, 16, generator=generator)
    found = output_sides(vectors, readout, n_tokens=5, scale=1)
    logits = (vectors @ readout.centred).numpy()
    for unit in range(7):
        order = np.argsort(-logits[unit])
        assert found.tokens[unit, :10].tolist() == [*order[:5], *order[:-6:-1]]
        np.testing.assert_allclose(found.logits[unit], logits[unit][found.tokens[unit]], rtol=1e-5)


def test_the_scale_of_the_final_norm_multiplies_logits_and_leaves_z_scores_alone():
    generator = torch.Generator().manual_seed(2)
    readout = Readout.of(torch.randn(8, 50, generator=generator))
    vectors = torch.randn(3, 8, generator=generator)
    bare = output_sides(vectors, readout, n_tokens=4, scale=1)
    scaled = output_sides(vectors, readout, n_tokens=4, scale=0.025)
    np.testing.assert_allclose(scaled.logits, 0.025 * bare.logits, rtol=1e-6)
    np.testing.assert_array_equal(scaled.z_scores, bare.z_scores)
    np.testing.assert_array_equal(scaled.tokens, bare.tokens)
    np.testing.assert_array_equal(scaled.norms, bare.norms)


def test_a_short_column_comes_first_by_z_and_a_long_one_by_logit():
    unembedding = torch.zeros(4, 200)
    unembedding[0, 3], unembedding[1, 3] = 10, 30  # long, at an angle
    unembedding[0, 5] = 0.5  # short, along the neuron
    found = output_sides(
        torch.tensor([[1.0, 0, 0, 0]]), Readout.of(unembedding), n_tokens=1, scale=1
    )
    assert found.tokens[0, [0, 2]].tolist() == [3, 5]


def test_the_largest_z_by_chance_is_the_order_statistic_where_tokens_are_independent():
    generator = torch.Generator().manual_seed(3)
    readout = Readout.of(torch.randn(400, 5000, generator=generator))
    chance = largest_by_chance(readout, n_drawn=300, generator=generator)
    # 5000 independent normals: half of the time the largest is below 3.64
    assert chance.independent == pytest.approx(3.635, abs=0.005)
    assert chance.median == pytest.approx(chance.independent, abs=0.1)
    assert chance.median < chance.high
    assert (chance.n_tokens, chance.n_drawn) == (5000, 300)


def test_tokens_that_are_alike_leave_less_to_chance():
    generator = torch.Generator().manual_seed(4)
    few = torch.randn(64, 10, generator=generator)
    chance = largest_by_chance(Readout.of(few.repeat(1, 300)), n_drawn=200, generator=generator)
    assert chance.median < chance.independent - 1
