"""The weights of a planted model while a circuit is drafted; `filling` puts noise around it.

The residual stream has a dimension per token (here), per token (its logit), per position, and
rooms that circuits ask for; what is left is noise. Neurons are ReLU, or gated,
a = relu(x·gate)·(x·in + b), whichever the seed draws; so are the sizes and the length of prompts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from analysis.circuits.planted.heads import Head
from analysis.circuits.planted.truth import Node, Pair
from analysis.records import Site, SiteKind

BOS, CONTENT, FILLER = 0, range(1, 9), range(9, 14)
"""Token ids: circuits are about content, prompts are filled up with the rest."""
VOCABULARY = ("BOS", *"ABCDEFGH", *"pqrst")
N_CTX, SHORTEST = 10, 8
D_HEAD = 12


@dataclass(frozen=True)
class Neuron:
    """relu(first·x + bias), or in gated models relu(first·x)·(second·x + bias)."""

    first: Float64[ndarray, " d_model"]
    second: Float64[ndarray, " d_model"]
    bias: float
    out: Float64[ndarray, " d_model"]


class Wiring:
    """A model of drawn size without weights, from which a circuit takes what it needs."""

    def __init__(self, kind: str, seed: int, *, least_layers: int = 2) -> None:
        self.kind, self.seed = kind, seed
        self.rng = np.random.default_rng([seed, *kind.encode()])
        self.n_layers = int(self.rng.integers(least_layers, 5))
        self.n_heads = int(self.rng.integers(2, 5))
        self.d_mlp = int(self.rng.choice([16, 24, 32, 48]))
        self.d_model = int(self.rng.choice([56, 64, 80, 96]))
        self.gated = bool(self.rng.integers(2))
        self.length = int(self.rng.integers(SHORTEST, N_CTX + 1))
        """Of the prompts, BOS included."""
        self.pairs: list[Pair] = []
        self.bias = np.zeros(len(VOCABULARY))
        """Of the logits."""
        self.heads: dict[Node, Head] = {}
        self.neurons: dict[Node, Neuron] = {}
        self.positions = range(2 * len(VOCABULARY), 2 * len(VOCABULARY) + N_CTX)
        self.n_used = self.positions.stop

    @property
    def sites(self) -> tuple[Site, ...]:
        """In the order of computation."""
        kinds: tuple[tuple[SiteKind, int], ...] = (("attn", self.n_heads), ("mlp", self.d_mlp))
        return tuple(Site(kind, at, n) for at in range(self.n_layers) for kind, n in kinds)

    @property
    def last(self) -> int:
        return self.length - 1

    def here(self, token: int) -> int:
        """The dimension that says whether this token stands here."""
        return token

    def out(self, token: int) -> int:
        """The dimension that is a token's logit."""
        return len(VOCABULARY) + token

    def room(self, n: int) -> range:
        """Dimensions for the circuit alone."""
        self.n_used += n
        return range(self.n_used - n, self.n_used)

    def content(self, n: int) -> list[int]:
        """Different content tokens, drawn."""
        return [int(token) for token in self.rng.permutation(CONTENT)[:n]]

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def below(self, n: int) -> int:
        return int(self.rng.integers(n))

    def one_of(self, tokens: Sequence[int]) -> int:
        return tokens[self.below(len(tokens))]

    def normal(self, *shape: int) -> Float64[ndarray, "..."]:
        return self.rng.standard_normal(shape)

    def layers(self, *kinds: SiteKind) -> list[int]:
        """A layer for each, drawn so that each is computed after the one before."""
        fitting = []
        for layers in product(range(self.n_layers), repeat=len(kinds)):
            places = zip(layers, kinds, strict=True)
            stages = [2 * layer + (kind == "mlp") for layer, kind in places]
            if all(one < other for one, other in pairwise(stages)):
                fitting.append(list(layers))
        return fitting[self.below(len(fitting))]

    def neuron(
        self,
        layer: int,
        reads: Mapping[int, float],
        writes: Mapping[int, float],
        *,
        gain: float | None = None,
    ) -> Node:
        """gain · relu(reads); what it writes is divided by the gain, which is drawn if None."""
        gain = self.between(0.5, 2) if gain is None else gain
        nothing, out = np.zeros(self.d_model), self._vector(writes) / gain
        made = Neuron(self._vector(reads) * gain, nothing, float(self.gated), out)
        return self._add_neuron(layer, made)

    def both(self, layer: int, one: int, other: int, writes: Mapping[int, float]) -> Node:
        """Active only where both dimensions are: their product if gated, else by a threshold."""
        gain = self.between(0.5, 2)
        out = self._vector(writes) / gain
        if self.gated:
            first, second = self._vector({one: gain}), self._vector({other: 1.0})
            return self._add_neuron(layer, Neuron(first, second, 0.0, out))
        # (1 + 1 − 1.2) / 0.8 is 1, and either alone stays below 0.
        first = self._vector(dict.fromkeys((one, other), gain / 0.8))
        nothing = np.zeros(self.d_model)
        return self._add_neuron(layer, Neuron(first, nothing, -1.2 * gain / 0.8, out))

    def saturating(
        self, after: int, amount: int, threshold: float, writes: Mapping[int, float]
    ) -> tuple[Node, Node]:
        """Two neurons of layers after that one, together min(amount, threshold)."""
        less = {dimension: -weight for dimension, weight in writes.items()}
        layers = [after + 1 + self.below(self.n_layers - after - 1) for _ in range(2)]
        # Of the dimensions of positions one is 1 everywhere, so together they are a constant.
        beyond = {amount: 1.0, **dict.fromkeys(self.positions, -threshold)}
        below = self.neuron(layers[0], {amount: 1}, writes)
        return below, self.neuron(layers[1], beyond, less)

    def head(self, layer: int) -> tuple[Node, Head]:
        """A head that looks nowhere yet."""
        node = self._free("attn", layer, self.n_heads)
        self.heads[node] = Head(self.d_model, D_HEAD)
        return node, self.heads[node]

    def _add_neuron(self, layer: int, neuron: Neuron) -> Node:
        node = self._free("mlp", layer, self.d_mlp)
        self.neurons[node] = neuron
        return node

    def _free(self, kind: SiteKind, layer: int, n: int) -> Node:
        nodes = [Node(f"{kind}.{layer}", unit) for unit in range(n)]
        free = [node for node in nodes if node not in self.neurons and node not in self.heads]
        return free[self.below(len(free))]

    def _vector(self, weights: Mapping[int, float]) -> Float64[ndarray, " d_model"]:
        vector = np.zeros(self.d_model)
        vector[list(weights)] = list(weights.values())
        return vector
