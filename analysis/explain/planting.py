"""Programs written into the weights of a plain transformer of two layers without norm.

The residual stream has a dimension per feature (`residual`); heads bring features from elsewhere
(`planted_heads`). Neurons are gated, a = relu(x·gate)·(x·in + b): a sum of features is the gate, a
conjunction relu(Σf − (n − 1)), what is excluded is subtracted, and b is the sign. So each is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer
from torch import Tensor

from analysis.explain.planted_heads import D_HEAD, Head, heads_of_layer_0, heads_of_layer_1
from analysis.explain.residual import (
    BALANCE,
    BALANCE_MEAN,
    COUNT,
    LATE,
    LOWEST,
    N_CODE,
    N_CTX,
    N_NOISE,
    N_OUT,
    NET,
    ONE,
    TEXT,
    Feature,
    Residual,
    feature_of,
)
from analysis.models import save_plain
from analysis.programs.program import And, DepthIs, Fading, Not, Predicate, Program
from analysis.programs.vocabulary import Vocabulary

BOS, UNKNOWN = "<bos>", "<unk>"
TOKENIZER = "tokenizer.json"
Name = Literal["planted", "noise", "helper", "dead"]


@dataclass(frozen=True)
class Role:
    site: str
    index: int
    name: Name
    number: int = -1
    """Which of the given programs it computes; -1: none."""


@dataclass
class _Neuron:
    """Weights by dimension; what is not named is 0."""

    layer: int
    gate: dict[int, float]
    into: dict[int, float] = field(default_factory=dict)
    bias: float = 0.0
    out: dict[int, float] = field(default_factory=dict)
    name: Name = "planted"
    number: int = -1


def plant(
    folder: Path,
    tokenizer: Tokenizer,
    vocabulary: Vocabulary,
    programs: Sequence[Program],
    *,
    n_noise: int,
    seed: int,
) -> list[Role]:
    """Writes the model folder; what each of its neurons is."""
    generator = torch.Generator().manual_seed(seed)
    residual = _residual()
    neurons = [_neuron_of(program, residual, number) for number, program in enumerate(programs)]
    neurons += _helpers(residual)
    neurons += _noise(residual, n_noise, generator)
    for feature in list(residual.features):
        if feature.test is not None:
            residual[Feature("here", 0, feature.test)]
    d_model = residual.size
    layers = [[neuron for neuron in neurons if neuron.layer == layer] for layer in range(2)]
    # In the order of no kind, so that nothing can be told by the index.
    layers = [
        [layer[place] for place in torch.randperm(len(layer), generator=generator).tolist()]
        for layer in layers
    ]
    d_mlp = max(map(len, layers))
    heads = [heads_of_layer_0(residual, d_model), heads_of_layer_1(residual, d_model)]
    n_heads = max(map(len, heads))
    tensors = _embeddings(residual, vocabulary, generator)
    for number, (layer, own) in enumerate(zip(layers, heads, strict=True)):
        tensors |= _attention(number, own, n_heads, residual)
        tensors |= _mlp(number, layer, d_mlp, d_model, residual, generator)
    config = {
        "n_layers": 2, "d_model": d_model, "n_heads": n_heads, "d_head": D_HEAD, "d_mlp": d_mlp,
        "n_ctx": N_CTX, "act": "relu", "gated": True, "norm": "none", "positions": "learned",
        "attn_scale": 1.0, "vocab": [], "vocab_out": list(vocabulary.texts[:N_OUT]),
        "bos_token": BOS, "tokenize": TOKENIZER,
    }  # fmt: skip
    save_plain(folder, config, tensors)
    tokenizer.save(str(folder / TOKENIZER))
    return [
        Role(f"mlp.{number}", index, neuron.name, neuron.number)
        for number, layer in enumerate(layers)
        for index, neuron in enumerate(layer)
    ] + [
        Role(f"mlp.{number}", index, "dead")
        for number, layer in enumerate(layers)
        for index in range(len(layer), d_mlp)
    ]


def _residual() -> Residual:
    residual = Residual()
    residual.block("position", N_CTX)
    for name in ("code", "code before"):
        residual.block(name, N_CODE)
    for name in ("sign", "sign before", "brought sign", "place", "other place", "P", "Q"):
        residual.block(name, N_NOISE)
    residual.block("out", N_OUT)
    for feature in (ONE, TEXT, COUNT, NET, BALANCE_MEAN, BALANCE, LOWEST):
        residual[feature]
    return residual


def _neuron_of(program: Program, residual: Residual, number: int) -> _Neuron:
    """The neuron that computes a program; a ValueError where that is not foreseen."""
    levels = {rule.level for rule in program.rules}
    sign = 1.0 if max(levels) > 0 else -1.0
    if program.base or program.tables or min(sign * level for level in levels) <= 0:
        raise ValueError("a planted program has base 0, no tables, and levels of one sign")
    if all(isinstance(rule.predicate, DepthIs) for rule in program.rules):
        level = program.rules[0].level
        gate = {residual[BALANCE]: 1.0, residual[LOWEST]: -1.0}
        return _Neuron(1, gate, bias=level, number=number)
    gate, into, layer = dict[int, float](), dict[int, float](), 0
    for rule in program.rules:
        parts = _parts(rule.predicate)
        for feature, part_sign in parts:
            layer = max(layer, feature.kind in LATE)
            _add(gate, residual[feature], part_sign * abs(rule.level))
        _add(gate, residual[ONE], abs(rule.level) * (1 - sum(one > 0 for _, one in parts)))
        if isinstance(rule.predicate, Fading):
            into[residual[Feature("so far", rule.predicate.half_life)]] = sign
    return _Neuron(layer, gate, into, 0.0 if into else sign, number=number)


def _add(weights: dict[int, float], dimension: int, weight: float) -> None:
    weights[dimension] = weights.get(dimension, 0.0) + weight


def _parts(predicate: Predicate) -> list[tuple[Feature, int]]:
    """Features that must be there (1) and that must not (-1)."""
    parts = predicate.parts if isinstance(predicate, And) else (predicate,)
    return [
        (feature_of(part.inner), -1) if isinstance(part, Not) else (feature_of(part), 1)
        for part in parts
    ]


def _helpers(residual: Residual) -> list[_Neuron]:
    """`any` from means, the balance of brackets from its mean, products of signs for the noise."""
    neurons = []
    for feature, dimension in residual.of_kind("any"):
        mean = residual[Feature("mean", feature.amount, feature.test)]
        # min(1, n·mean): the mean is taken over fewer than n where the window has just begun.
        for offset, half in ((0.0, 1.0), (-1.0, -1.0)):
            gate = {mean: float(feature.amount), residual[ONE]: offset}
            neurons.append(_Neuron(0, gate, bias=1.0, out={dimension: half}, name="helper"))
    balance = {residual[BALANCE]: 1.0}
    into = {residual[BALANCE_MEAN]: 1.0}
    neurons.append(_Neuron(0, {residual[COUNT]: 1.0}, into, out=balance, name="helper"))
    return neurons + _products(residual)


def _products(residual: Residual) -> list[_Neuron]:
    """Sign times sign takes two gated neurons, one for each sign of the gate."""
    blocks = residual.blocks
    return [
        _Neuron(
            0,
            {blocks[gate].start + number: half},
            {blocks[into].start + number: 1.0},
            out={blocks[product].start + number: half},
            name="helper",
        )
        for gate, into, product in (("place", "sign", "P"), ("other place", "brought sign", "Q"))
        for number in range(N_NOISE)
        for half in (1.0, -1.0)
    ]


def _noise(residual: Residual, n: int, generator: torch.Generator) -> list[_Neuron]:
    """Neurons that mix products of random signs: of place and token, of place and token before."""
    neurons = []
    for _ in range(n):
        gate, into = torch.randn(2, N_NOISE, generator=generator).tolist()
        start_p, start_q = residual.blocks["P"].start, residual.blocks["Q"].start
        neurons.append(
            _Neuron(
                1,
                {start_p + number: weight for number, weight in enumerate(gate)},
                {start_q + number: weight for number, weight in enumerate(into)},
                name="noise",
            )
        )
    return neurons


def _embeddings(
    residual: Residual, vocabulary: Vocabulary, generator: torch.Generator
) -> dict[str, Tensor]:
    n, d_model, blocks = len(vocabulary), residual.size, residual.blocks
    embed, places = torch.zeros(n, d_model), torch.zeros(N_CTX, d_model)
    for feature, dimension in residual.of_kind("here"):
        if feature.test is not None:
            embed[:, dimension] = torch.from_numpy(vocabulary.mask(feature.test).copy())
    numbers = torch.arange(n)
    embed[:, blocks["code"]] = 2.0 * ((numbers[:, None] >> torch.arange(N_CODE)) & 1) - 1
    for name in ("sign", "sign before"):
        embed[:, blocks[name]] = _signs(n, generator)
    embed[:, residual[TEXT]] = 1
    embed[:, residual[NET]] = torch.from_numpy(vocabulary.brackets[0]).float()
    embed[vocabulary.ids(BOS)] = 0
    places[:, blocks["position"]] = torch.eye(N_CTX)
    for name in ("place", "other place"):
        places[:, blocks[name]] = _signs(N_CTX, generator)
    places[:, residual[ONE]] = 1
    places[:, residual[COUNT]] = torch.arange(1, N_CTX + 1)
    for feature, dimension in residual.of_kind("so far"):
        places[:, dimension] = 1 - 2.0 ** (-torch.arange(N_CTX) / feature.amount)
    unembed = torch.zeros(d_model, N_OUT)
    unembed[blocks["out"]] = torch.eye(N_OUT)
    return {"W_E": embed, "W_pos": places, "W_U": unembed}


def _attention(
    layer: int, heads: list[Head], n_heads: int, residual: Residual
) -> dict[str, Tensor]:
    heads = heads + [Head(residual, residual.size) for _ in range(n_heads - len(heads))]
    at = f"blocks.{layer}.attn"
    return {
        f"{at}.W_Q": torch.stack([head.query for head in heads]),
        f"{at}.W_K": torch.stack([head.key for head in heads]),
        f"{at}.W_V": torch.stack([head.value for head in heads]),
        f"{at}.W_O": torch.stack([head.out for head in heads]),
    }


def _mlp(
    layer: int,
    neurons: Sequence[_Neuron],
    d_mlp: int,
    d_model: int,
    residual: Residual,
    generator: torch.Generator,
) -> dict[str, Tensor]:
    gate, into, bias = torch.zeros(d_model, d_mlp), torch.zeros(d_model, d_mlp), torch.zeros(d_mlp)
    out = torch.zeros(d_mlp, d_model)
    for index, neuron in enumerate(neurons):
        for weights, target in ((neuron.gate, gate[:, index]), (neuron.into, into[:, index])):
            for dimension, weight in weights.items():
                target[dimension] = weight
        bias[index] = neuron.bias
        if neuron.name in {"planted", "noise"}:
            # Where nobody reads but the logits.
            out[index, residual.blocks["out"]] = torch.randn(N_OUT, generator=generator)
        for dimension, weight in neuron.out.items():
            out[index, dimension] = weight
    at = f"blocks.{layer}.mlp"
    return {f"{at}.W_gate": gate, f"{at}.W_in": into, f"{at}.b_in": bias, f"{at}.W_out": out}


def _signs(n: int, generator: torch.Generator) -> Tensor:
    return 2.0 * torch.randint(2, (n, N_NOISE), generator=generator) - 1
