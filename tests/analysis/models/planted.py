"""A plain model whose neurons are known exactly, because they were written, not trained.

    planted = make_planted(tmp_path / "planted")
    for unit in planted.units:
        unit.expected(tokens)       # its activation at every position of a window of token ids

Gated ReLU neurons, a = relu(x·gate)·(x·in + b), no norm, so that values come out exact: the
residual stream has one dimension per token (the one here, the one before), per position, for the
bracket balance, for the constant 1, for noise, and for what goes to the logits.

Position 0 reads itself as its previous token. Noise neurons fill the rest of each site.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from analysis.models import save_plain

WORDS = (
    "BOS", "the", "a", "cat", "dog", "sun", "moon", "tree", "river", "running", "jumping",
    "singing", "king", "is", "was", "and", "not", "very", "old", "new", "(", ")", ",", ".",
)  # fmt: skip
ID = {word: number for number, word in enumerate(WORDS)}
SUFFIX = "ing"
N_CTX = 128
D_MLP = 32
N_NOISE = 8
CERTAIN = 300.0
"""An attention score so high that the softmax is exactly 1 there and exactly 0 elsewhere."""

Expected = Callable[[Sequence[int]], list[float]]

# Where things lie in the residual stream.
HERE = 0
BEFORE = HERE + len(WORDS)
POSITION = BEFORE + len(WORDS)
ONE = POSITION + N_CTX
COUNT = ONE + 1
BALANCE = COUNT + 1
NOISE = BALANCE + 1
OUT = NOISE + N_NOISE
D_MODEL = OUT + len(WORDS)


@dataclass(frozen=True)
class PlantedUnit:
    name: str
    site: str
    index: int
    expected: Expected
    """Token ids of a window, BOS first, to its activation at every position."""
    promotes: str | None = None
    """The token whose logit the unit raises most, for neurons that reach the logits."""


@dataclass(frozen=True)
class Planted:
    folder: Path
    vocabulary: tuple[str, ...]
    units: tuple[PlantedUnit, ...]

    def unit(self, name: str) -> PlantedUnit:
        return next(unit for unit in self.units if unit.name == name)


def make_planted(folder: Path, *, seed: int = 0) -> Planted:
    """Writes the model and says what is in it."""
    generator = torch.Generator().manual_seed(seed)
    tensors = _embeddings() | _heads(generator)
    for layer in range(2):
        tensors |= _noise_neurons(layer, generator)
    units = _plant(tensors)
    config = {
        "n_layers": 2, "d_model": D_MODEL, "n_heads": 2, "d_head": N_CTX, "d_mlp": D_MLP,
        "n_ctx": N_CTX, "act": "relu", "gated": True, "norm": "none", "positions": "learned",
        "attn_scale": 1.0, "vocab": list(WORDS), "bos_token": "BOS", "tokenize": "whitespace",
    }  # fmt: skip
    save_plain(folder, config, tensors)
    return Planted(folder, WORDS, units)


def planted_documents(n: int, *, seed: int = 0, length: int = 200) -> list[str]:
    """Texts of the planted model's own words, in which every planted neuron has its cause."""
    rng = random.Random(seed)  # noqa: S311 - texts for a test
    return [" ".join(rng.choice(WORDS[1:]) for _ in range(length)) for _ in range(n)]


def _embeddings() -> dict[str, Tensor]:
    n = len(WORDS)
    embed, positions, unembed = (
        torch.zeros(n, D_MODEL), torch.zeros(N_CTX, D_MODEL), torch.zeros(D_MODEL, n),
    )  # fmt: skip
    embed[:, HERE : HERE + n] = torch.eye(n)
    positions[:, POSITION : POSITION + N_CTX] = torch.eye(N_CTX)
    positions[:, ONE] = 1
    positions[:, COUNT] = torch.arange(1, N_CTX + 1)
    unembed[OUT : OUT + n] = torch.eye(n)
    return {"W_E": embed, "W_pos": positions, "W_U": unembed}


def _heads(generator: torch.Generator) -> dict[str, Tensor]:
    """attn.0: the previous-token head and the bracket mean; attn.1: a noise head and a dead one."""
    n = len(WORDS)
    tensors = {
        f"blocks.{layer}.attn.W_{letter}": torch.zeros(2, D_MODEL, N_CTX)
        for layer in range(2)
        for letter in "QKV"
    }
    tensors |= {f"blocks.{layer}.attn.W_O": torch.zeros(2, N_CTX, D_MODEL) for layer in range(2)}
    query, key, value, out = (tensors[f"blocks.0.attn.W_{letter}"][0] for letter in "QKVO")
    for position in range(N_CTX):
        query[POSITION + position, max(position - 1, 0)] = 1
        key[POSITION + position, position] = CERTAIN
    value[HERE : HERE + n, :n] = torch.eye(n)
    value[HERE + ID["moon"], ID["moon"]] = 2
    out[:n, BEFORE : BEFORE + n] = torch.eye(n)
    value, out = tensors["blocks.0.attn.W_V"][1], tensors["blocks.0.attn.W_O"][1]
    value[HERE + ID["("], 0], value[HERE + ID[")"], 0] = 1, -1
    out[0, BALANCE] = 1
    for letter in "QKV":
        noise = torch.randn(n, 16, generator=generator)
        tensors[f"blocks.1.attn.W_{letter}"][0, HERE : HERE + n, :16] = noise
    noise = torch.randn(16, N_NOISE, generator=generator) * 0.3
    tensors["blocks.1.attn.W_O"][0, :16, NOISE : NOISE + N_NOISE] = noise
    return tensors


def _noise_neurons(layer: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Random neurons that read tokens and noise and write noise only; each is replaced or stays."""
    reads = torch.zeros(D_MODEL, 1)
    reads[HERE : HERE + 2 * len(WORDS)] = 1
    reads[NOISE : NOISE + N_NOISE] = 1
    write = torch.zeros(D_MLP, D_MODEL)
    write[:, NOISE : NOISE + N_NOISE] = torch.randn(D_MLP, N_NOISE, generator=generator) * 0.1
    return {
        f"blocks.{layer}.mlp.W_gate": torch.randn(D_MODEL, D_MLP, generator=generator) * reads,
        f"blocks.{layer}.mlp.W_in": torch.randn(D_MODEL, D_MLP, generator=generator) * reads,
        f"blocks.{layer}.mlp.b_in": torch.zeros(D_MLP),
        f"blocks.{layer}.mlp.W_out": write,
    }


def _plant(tensors: dict[str, Tensor]) -> tuple[PlantedUnit, ...]:
    """Overwrites neurons 0, 1, 2, … of the MLPs with known ones."""
    suffixed = tuple(word for word in WORDS if word.endswith(SUFFIX))

    def neuron(
        name: str,
        layer: int,
        index: int,
        gate: dict[int, float],
        value: dict[int, float],
        expected: Expected,
        promotes: str | None,
    ) -> PlantedUnit:
        at = f"blocks.{layer}.mlp"
        for matrix, weights in (("W_gate", gate), ("W_in", value)):
            column = torch.zeros(D_MODEL)
            for dimension, weight in weights.items():
                column[dimension] = weight
            tensors[f"{at}.{matrix}"][:, index] = column
        row = torch.zeros(D_MODEL)
        if promotes is not None:
            row[OUT + ID[promotes]] = 1
        tensors[f"{at}.W_out"][index] = row
        return PlantedUnit(name, f"mlp.{layer}", index, expected, promotes)

    one = {ONE: 1.0}
    return (
        neuron(
            "token", 0, 0, {HERE + ID["cat"]: 1, HERE + ID["dog"]: 1}, one,
            _per_token(lambda word: float(word in {"cat", "dog"})), "tree",
        ),
        neuron(
            "two-sided", 0, 1, {HERE + ID["sun"]: 1, HERE + ID["moon"]: 1},
            {HERE + ID["sun"]: 2, HERE + ID["moon"]: -3},
            _per_token(lambda word: {"sun": 2.0, "moon": -3.0}.get(word, 0.0)), "river",
        ),
        neuron(
            "suffix", 0, 2, {HERE + ID[word]: 1 for word in suffixed}, one,
            _per_token(lambda word: float(word.endswith(SUFFIX))), "is",
        ),
        neuron(
            "previous", 0, 3, {BEFORE + ID["the"]: 1}, one,
            _per_previous(lambda word: float(word == "the")), "king",
        ),
        neuron("depth", 0, 4, {COUNT: 1}, {BALANCE: 1}, _depths, ")"),
        neuron("dead", 0, 5, {}, one, _per_token(lambda _word: 0.0), None),
        neuron(
            "bigram", 1, 0, {HERE + ID["cat"]: 1, BEFORE + ID["old"]: 1, ONE: -1}, one,
            _bigram("old", "cat"), "moon",
        ),
        PlantedUnit(
            "previous-token head", "attn.0", 0,
            _per_previous(lambda word: 2.0 if word == "moon" else 1.0),
        ),
        PlantedUnit("bracket head", "attn.0", 1, _mean_depths),
        PlantedUnit("dead head", "attn.1", 1, _per_token(lambda _word: 0.0)),
    )  # fmt: skip


def _per_token(level: Callable[[str], float]) -> Expected:
    return lambda tokens: [level(WORDS[token]) for token in tokens]


def _per_previous(level: Callable[[str], float]) -> Expected:
    return lambda tokens: [level(WORDS[token]) for token in (*tokens[:1], *tokens[:-1])]


def _bigram(first: str, second: str) -> Expected:
    def expected(tokens: Sequence[int]) -> list[float]:
        pairs = zip((*tokens[:1], *tokens[:-1]), tokens, strict=True)
        return [float(pair == (ID[first], ID[second])) for pair in pairs]

    return expected


def _depths(tokens: Sequence[int]) -> list[float]:
    """Opened minus closed brackets up to and with each position; negative where too many close."""
    step = {ID["("]: 1, ID[")"]: -1}
    depths, depth = [], 0
    for token in tokens:
        depth += step.get(token, 0)
        depths.append(float(depth))
    return depths


def _mean_depths(tokens: Sequence[int]) -> list[float]:
    return [abs(depth) / (n + 1) for n, depth in enumerate(_depths(tokens))]
