"""Estimates of what nodes do, and what they do: on planted models, whose truth is known."""

import pytest
import torch

from analysis.circuits.attribution import METHODS, attribute
from analysis.circuits.pairs import run_sides
from analysis.circuits.patching import patch
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.models import load_model, load_plain, save_plain
from analysis.protocol.experiments import TokenText
from analysis.tasks.task import Metric, Pair, Side
from tests.analysis.models.tiny import make_tiny

CLEAN, OTHER = (3, 4, 5, 6, 7), (3, 8, 5, 4, 7)


@pytest.mark.parametrize("kind", ["induction", "chain", "distractor"])
def test_a_patched_unit_does_what_plain_hooks_say(subject, kind):
    planted, sides = subject(kind)
    for site in planted.planted.sites:
        nodes = [node for node in planted.planted.nodes() if node.site == site.name]
        expected = planted.lost([planted.from_counterfactual([node]) for node in nodes])
        found = patch(sides, site.name, [node.index for node in nodes])
        torch.testing.assert_close(-found / planted.whole, expected, rtol=1e-4, atol=1e-6)


def test_of_the_last_neurons_of_a_model_without_norms_the_estimate_is_exact(subject):
    planted, sides = subject("sum of two")
    last = [site for site in planted.planted.sites if site.name.startswith("mlp.")][-1]
    exact = patch(sides, last.name, range(last.n_units))
    for method in ("atp", "both_ends", "relp"):
        found = attribute(sides, method, [last.name])[last.name].sum(1).T
        torch.testing.assert_close(found, exact, rtol=1e-4, atol=1e-4)


def test_both_ends_are_the_mean_of_the_two_gradients(subject, sites):
    planted, sides = subject("saturation")
    there = attribute(sides, "atp", sites(planted))
    pairs = [
        pair.model_copy(update={"clean": pair.counterfactual, "counterfactual": pair.clean})
        for pair in task_pairs(planted.planted)
    ]
    back = attribute(run_sides(planted.model, METRIC, pairs), "atp", sites(planted))
    both = attribute(sides, "both_ends", sites(planted))
    for site, scores in both.items():
        torch.testing.assert_close(scores, (there[site] - back[site]) / 2)


def test_the_difference_says_how_much_a_unit_moved_and_not_what_it_does(subject, sites):
    planted, sides = subject("distractor")
    found = attribute(sides, "difference", sites(planted))
    for node in planted.planted.distractors:
        assert found[node.site][..., node.index].max() > 0
        effect = patch(sides, node.site, [node.index])
        assert float(effect.abs().max()) < 1e-4 * abs(planted.whole)


CANCELLING = {
    "format": "plain", "n_layers": 3, "d_model": 2, "n_heads": 1, "d_head": 2, "d_mlp": 1,
    "n_ctx": 4, "positions": "none", "vocab": ["off", "on", "right", "wrong"],
}  # fmt: skip


def run_cancelling(folder, n_layers):
    """A neuron that adds what it is to the metric, and in layer 1 another that takes it away."""
    neurons = {
        0: ([[1.0], [0.0]], [[0.0, 1.0]]),
        1: ([[0.0], [1.0]], [[0.0, -1.0]]),
        2: ([[0.0], [0.0]], [[0.0, 0.0]]),
    }
    tensors = {"W_E": torch.zeros(4, 2), "W_U": torch.tensor([[0.0] * 4, [0.0, 0.0, 1.0, 0.0]])}
    tensors["W_E"][0, 0], tensors["W_E"][1, 0] = 1.0, 4.0
    for layer in range(n_layers):
        into, out = neurons[layer]
        tensors |= {f"blocks.{layer}.attn.W_{name}": torch.zeros(1, 2, 2) for name in "QKVO"}
        tensors |= {
            f"blocks.{layer}.mlp.W_in": torch.tensor(into),
            f"blocks.{layer}.mlp.W_out": torch.tensor(out),
        }
    save_plain(folder, CANCELLING | {"n_layers": n_layers}, tensors)
    model = load_plain(folder, dtype=torch.float32, device=torch.device("cpu"))
    return run_sides(model, METRIC, [pair_of((1,), (0,), (2, 3))])


def test_effects_that_cancel_are_found_by_dropping_the_layer_of_one(tmp_path):
    """Of three layers, dropping 1 leaves what neuron 0 adds, 4 - 1; dropping 2, nothing."""
    sides = run_cancelling(tmp_path / "model", 3)
    sites = ["mlp.0", "mlp.1", "mlp.2"]
    plain = attribute(sides, "atp", sites)
    assert [plain[site].item() for site in sites] == [0.0, 3.0, 0.0]
    dropping = attribute(sides, "atp_star", sites)
    assert [dropping[site].item() for site in sites] == [1.5, 3.0, 0.0]


def test_of_the_last_layer_what_dropping_others_leaves_is_the_size_of_the_estimate(tiny):
    sides = run_sides(tiny, METRIC, [pair_of(CLEAN, OTHER)])
    plain = attribute(sides, "atp", ["mlp.1", "attn.1"])
    for site, scores in attribute(sides, "atp_star", ["mlp.1", "attn.1"]).items():
        torch.testing.assert_close(scores, plain[site].abs())


def test_of_one_layer_nothing_can_be_dropped(tmp_path):
    sides = run_cancelling(tmp_path / "model", 1)
    assert attribute(sides, "atp_star", ["mlp.0"])["mlp.0"].item() == 3.0


def test_by_relevance_a_step_counts_with_the_share_that_the_clean_run_gives_it(tiny):
    sides = run_sides(tiny, METRIC, [pair_of(CLEAN, OTHER)])
    slopes = tiny.differentiate(
        sides.clean, lambda last: sides.values(last).sum(), ["mlp.0"], backward="relp"
    )
    moved = sides.counterfactual.values["mlp.0"] - sides.clean.values["mlp.0"]
    found = attribute(sides, "relp", ["mlp.0"])["mlp.0"]
    torch.testing.assert_close(found, moved * slopes["mlp.0"])
    assert not torch.allclose(found, attribute(sides, "atp", ["mlp.0"])["mlp.0"], rtol=0.1)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def tiny(request, tmp_path_factory):
    folder = make_tiny(request.param, tmp_path_factory.mktemp("tiny") / request.param)
    return load_model(
        str(folder),
        dtype=torch.float32,
        device=torch.device("cpu"),
        cache=tmp_path_factory.mktemp("cache"),
    )


def pair_of(clean, other, answers=(5, 6)):
    clean, other = (Side(text="", tokens=tokens) for tokens in (clean, other))
    token, wrong = (TokenText(id=number, text="") for number in answers)
    return Pair(clean=clean, counterfactual=other, right=(token,), wrong=(wrong,))


@pytest.mark.parametrize("kind", ["logit_difference", "log_probability"])
def test_of_small_differences_the_estimate_is_the_effect(tiny, kind):
    """Counterfactual values a thousandth of the way there: what is left is the gradient."""
    sides = run_sides(tiny, Metric(kind=kind), [pair_of(CLEAN, OTHER)])
    for site in ("mlp.0", "attn.0"):
        near = sides.clean.values[site].lerp(sides.counterfactual.values[site], 1e-2)
        sides.counterfactual.values[site] = near
        n_units = sides.units(sides.clean, site).shape[2]
        found = attribute(sides, "atp", [site])[site].sum(1).T
        exact = patch(sides, site, range(n_units))
        torch.testing.assert_close(found, exact, rtol=0.1, atol=0.02 * float(exact.abs().max()))


def test_every_method_scores_every_unit_at_every_position(tiny):
    sides = run_sides(tiny, METRIC, [pair_of(CLEAN, OTHER), pair_of(OTHER, CLEAN)])
    for method in METHODS:
        found = attribute(sides, method, [site.name for site in tiny.sites])
        for site in tiny.sites:
            assert found[site.name].shape == (2, len(CLEAN), site.n_units)


def test_pairs_of_several_lengths_are_not_run_together(tiny):
    with pytest.raises(ValueError, match=r"\[3, 5\]"):
        run_sides(tiny, METRIC, [pair_of(CLEAN, OTHER), pair_of(CLEAN[:3], OTHER[:3])])
