"""The same edits by other means: the model as transformers loads it, with hooks of torch alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from analysis.models import load_plain
from tests.analysis.models.tiny import ENCODERS

Put = Callable[[Tensor], Tensor]
"""From what enters a projection (or leaves a layer) to what goes on instead."""

PATHS = {
    "gpt2": ("transformer.h", "mlp.c_proj", "attn.c_proj"),
    "gpt_neox": ("gpt_neox.layers", "mlp.dense_4h_to_h", "attention.dense"),
    "llama": ("model.layers", "mlp.down_proj", "self_attn.o_proj"),
    "bert": ("bert.encoder.layer", "output.dense", "attention.output.dense"),
    "roberta": ("roberta.encoder.layer", "output.dense", "attention.output.dense"),
    "distilbert": ("distilbert.transformer.layer", "ffn.lin2", "attention.out_lin"),
}
"""Layers, down projection and output projection; the others are like llama."""


def edited_logits(
    architecture: str, folder: Path, tokens: Tensor, puts: Mapping[str, Put]
) -> Tensor:
    """Logits with everything in `puts` put in, by site: `mlp.0`, `attn.1`, `resid.0`."""
    model, layers, mlp, attn = _network(architecture, folder)
    for site, put in puts.items():
        kind, _, layer = site.partition(".")
        module = model.get_submodule(f"{layers}.{layer}")
        if kind == "resid":
            module.register_forward_hook(_after(put))
        else:
            place = module.get_submodule(mlp if kind == "mlp" else attn)
            place.register_forward_pre_hook(_before(put))
    with torch.no_grad():
        if architecture == "plain":
            return model.unembed(model(tokens, None))
        return model(tokens).logits


def _network(architecture: str, folder: Path) -> tuple[nn.Module, str, str, str]:
    if architecture == "plain":
        loaded = load_plain(folder, dtype=torch.float32, device=torch.device("cpu"))
        return loaded._parts.forward, "layers", "mlp.out", "attn.out"
    auto = AutoModelForMaskedLM if architecture in ENCODERS else AutoModelForCausalLM
    attention = "eager" if architecture == "gemma2" else "sdpa"
    model = auto.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention).eval()
    return model, *PATHS.get(architecture, PATHS["llama"])


def _before(put: Put) -> Callable[[nn.Module, tuple[Tensor, ...]], tuple[Tensor, ...]]:
    return lambda _module, inputs: (put(inputs[0].clone()), *inputs[1:])


def _after(put: Put) -> Callable[[nn.Module, object, object], object]:
    def hook(_module: nn.Module, _inputs: object, output: object) -> object:
        if isinstance(output, tuple):
            return (put(output[0].clone()), *output[1:])
        return put(output.clone())

    return hook
