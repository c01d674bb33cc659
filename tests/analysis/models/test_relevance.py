"""RelP: a network is differentiated as if it were linear, and computes what it always did."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForMaskedLM

from analysis.errors import ModelError
from analysis.models import load_model
from analysis.models.architectures.bert import BERT
from analysis.models.architectures.llama import LLAMA
from analysis.models.relevance import Rules, rules_of, sharing
from tests.analysis.models import relevance_by_hand as by_hand
from tests.analysis.models.tiny import ARCHITECTURES, CONFIGS, make_tiny, make_tiny_plain

SITES = ("attn.0", "mlp.0", "attn.1", "mlp.1")
TOKENS = torch.randint(4, 9, (2, 12), generator=torch.Generator().manual_seed(0))


def loaded(folder, tmp_path, dtype=torch.float32):
    cpu = torch.device("cpu")
    return load_model(str(folder), dtype=dtype, device=cpu, cache=tmp_path / "cache")


def some_direction(width):
    return torch.randn(width, generator=torch.Generator().manual_seed(1))


def take_biases_away(folder):
    weights = load_file(folder / "model.safetensors")
    for name, tensor in weights.items():
        if name.endswith("bias") or name.rpartition(".")[2].startswith("b"):
            tensor.zero_()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_without_biases_the_stream_of_any_layer_shares_out_what_is_computed(architecture, tmp_path):
    folder = make_tiny(architecture, tmp_path / architecture, seed=3)
    take_biases_away(folder)
    model = loaded(folder, tmp_path)
    trace = model.trace(TOKENS)

    def metric(last):
        # the soft cap on the logits of Gemma 2 is not linear, and no part of the rules
        found = last if architecture == "gemma2" else model.logits(last)
        return (found[:, -1] @ some_direction(found.shape[-1])).sum()

    found = model.differentiate(trace, metric, ["mlp.0", "resid.0", "resid.1"], backward="relp")
    for layer in (0, 1):
        shared = (found[f"resid.{layer}"] * trace.streams[layer + 1]).sum()
        torch.testing.assert_close(shared, metric(trace.last), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_computed_is_the_same_to_the_bit(architecture, dtype, tmp_path):
    model = loaded(make_tiny(architecture, tmp_path / architecture), tmp_path, dtype)
    trace = model.trace(TOKENS)
    computed = {}
    for backward in ("exact", "relp"):

        def metric(last, backward=backward):
            computed[backward] = model.logits(last)
            return computed[backward].sum()

        model.differentiate(trace, metric, ["mlp.0"], backward=backward)
    assert computed["exact"].equal(computed["relp"])


@pytest.mark.parametrize("architecture", ["plain", "gpt2", "llama"])
def test_gradients_are_those_of_the_network_written_out_by_hand(architecture, tmp_path):
    folder = tmp_path / architecture
    if architecture == "plain":
        make_tiny_plain(folder, norm="layer", gated=True, act="gelu")
    else:
        make_tiny(architecture, folder)
    model = loaded(folder, tmp_path)
    trace = model.trace(TOKENS)
    direction = some_direction(trace.last.shape[-1])

    def metric(last):
        return (last[:, -1] @ direction).tanh().sum()

    found = model.differentiate(trace, metric, SITES, backward="relp")
    written = getattr(by_hand, architecture)(folder, trace.streams[0].clone().requires_grad_())
    torch.testing.assert_close(written.last, trace.last, rtol=1e-4, atol=1e-4)
    expected = torch.autograd.grad(metric(written.last), [written.values[site] for site in SITES])
    for site, gradient in zip(SITES, expected, strict=True):
        torch.testing.assert_close(found[site], gradient, rtol=1e-3, atol=1e-5)


def test_afterwards_gradients_are_derivatives_again(tmp_path):
    model = loaded(make_tiny("llama", tmp_path / "llama"), tmp_path)
    trace = model.trace(TOKENS)
    before, shared, after = (
        model.differentiate(trace, lambda last: last[:, -1].sum(), SITES, backward=backward)
        for backward in ("exact", "relp", "exact")
    )
    assert not torch.allclose(before["mlp.0"], shared["mlp.0"], rtol=0.1)
    assert all(before[site].equal(after[site]) for site in SITES)


def test_where_a_neuron_is_at_0_its_share_is_its_derivative():
    silu, relu = nn.SiLU(), nn.ReLU()
    z = torch.tensor([0.0, 2.0, -1.0], requires_grad=True)
    with sharing(Rules(norm="none", norms=(), activations=(silu, relu))):
        smooth, sharp = silu(z), relu(z)
    (slopes,) = torch.autograd.grad(smooth.sum(), z)
    torch.testing.assert_close(slopes, torch.tensor([0.5, *z.detach()[1:].sigmoid()]))
    (slopes,) = torch.autograd.grad(sharp.sum(), z)
    assert slopes.tolist() == [0.0, 1.0, 0.0]


def test_a_head_whose_activation_is_not_known_is_refused():
    model = AutoModelForMaskedLM.from_config(CONFIGS["bert"]())
    with pytest.raises(ModelError, match="not linear in its head") as error:
        rules_of(model, replace(BERT, head_activation=None))
    assert "architectures/bert.py" in str(error.value.hint)


def test_layers_without_a_norm_that_is_known_are_refused():
    model = nn.Module()
    model.model = nn.Module()
    model.model.layers = nn.ModuleList([nn.Linear(2, 2)])
    with pytest.raises(ModelError, match="no norm was found in layer 0"):
        rules_of(model, LLAMA)


def test_an_activation_of_more_than_one_number_is_refused():
    pairs = nn.GLU()
    with (
        sharing(Rules(norm="none", norms=(), activations=(pairs,))),
        pytest.raises(ModelError, match="RelP is not known for GLU"),
    ):
        pairs(torch.ones(4))
