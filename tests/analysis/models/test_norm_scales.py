"""The scale of a norm is what it really multiplied by, in every architecture."""

import pytest
import torch
from torch import Tensor, nn

from analysis.models import load_model
from analysis.models.hooked import HookedModel
from tests.analysis.models.tiny import CONFIGS, make_tiny, make_tiny_plain

CPU = torch.device("cpu")
TOKENS = torch.tensor([[4, 5, 6, 7], [8, 9, 4, 4]])
OFFSET = {"gemma2": 1.0, "gemma3": 1.0}


def _seen(model: HookedModel, norm: nn.Module) -> tuple[Tensor, Tensor]:
    """What enters and leaves a norm in one forward pass."""
    seen: list[tuple[Tensor, Tensor]] = []
    handle = norm.register_forward_hook(lambda _, given, out: seen.append((given[0], out)))
    model.run(TOKENS)
    handle.remove()
    return seen[0]


def _by_hand(model: HookedModel, norm: nn.Module, scale: Tensor, offset: float) -> Tensor:
    entered, _ = _seen(model, norm)
    if model.facts.norm == "layer":
        entered = entered - entered.mean(-1, keepdim=True)
    bias = getattr(norm, "bias", None)
    return entered * scale[..., None] * (norm.weight + offset) + (0 if bias is None else bias)


@pytest.mark.parametrize("architecture", CONFIGS)
def test_input_times_scale_times_gain_is_what_the_final_norm_gives(architecture, tmp_path):
    make_tiny(architecture, tmp_path, seed=3)
    model = load_model(str(tmp_path), dtype=torch.float32, device=CPU, cache=tmp_path)
    assert isinstance(model, HookedModel)
    scales = model.norm_scales(TOKENS)
    norm, offset = model._parts.final_norm, OFFSET.get(architecture, 0.0)
    expected = _seen(model, norm)[1]
    torch.testing.assert_close(_by_hand(model, norm, scales.final, offset), expected)
    torch.testing.assert_close(expected, model.run(TOKENS))
    if not architecture.startswith("gemma"):
        assert scales.mlp is None
        return
    assert scales.mlp is not None
    for behind, scale in zip(model._parts.mlp_norms or (), scales.mlp, strict=True):
        found = _by_hand(model, behind, scale, offset)
        torch.testing.assert_close(found, _seen(model, behind)[1])


@pytest.mark.parametrize("norm", ["layer", "rms", "none"])
def test_plain_models_have_scales_too(norm, tmp_path):
    make_tiny_plain(tmp_path, seed=1, norm=norm)
    model = load_model(str(tmp_path), dtype=torch.float32, device=CPU, cache=tmp_path)
    assert isinstance(model, HookedModel)
    found = model.norm_scales(TOKENS).final
    entered = _seen(model, model._parts.final_norm)[0]
    if norm == "none":
        assert (found == 1).all()
        return
    centred = entered - entered.mean(-1, keepdim=True) if norm == "layer" else entered
    expected = (centred.square().mean(-1) + 1e-5) ** -0.5
    torch.testing.assert_close(found, expected)


def test_nothing_is_hooked_afterwards(tmp_path):
    make_tiny("gemma2", tmp_path)
    model = load_model(str(tmp_path), dtype=torch.float32, device=CPU, cache=tmp_path)
    assert isinstance(model, HookedModel)
    model.norm_scales(TOKENS)
    norms = [model._parts.final_norm, *(model._parts.mlp_norms or ())]
    assert len(norms) == 3
    assert not any(norm._forward_pre_hooks for norm in norms)


def test_only_heads_of_encoders_are_not_linear(tmp_path):
    for architecture in ("llama", "gemma2", "bert", "roberta", "distilbert"):
        folder = make_tiny(architecture, tmp_path / architecture)
        facts = load_model(str(folder), dtype=torch.float32, device=CPU, cache=tmp_path).facts
        assert facts.linear_head == facts.causal
        assert facts.quantised is None
