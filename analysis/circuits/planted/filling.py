"""What stands around a planted circuit, and the model folder that comes of it.

Neurons and heads that the circuit does not take are noise: they read everything at random, the
circuit included, and write to noise alone, which moves the logits of fillers only. There is no
norm, for through its scale everything would reach everything. In the end the stream is turned by a
random rotation, so that no weight shows any of this; in float32 that leaks about 10⁻⁷.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray

from analysis.circuits.planted.heads import Head
from analysis.circuits.planted.truth import Edge, Node, Planted
from analysis.circuits.planted.wiring import (
    BOS,
    D_HEAD,
    FILLER,
    N_CTX,
    VOCABULARY,
    Wiring,
)
from analysis.models import save_plain

EMBEDDED = 0.5
"""Spread of noise where it enters the stream."""
READ, READ_NOISE = 0.6, 1.5
"""Of noise's weights that read the circuit, and noise; this is divided by √ of how much that is."""
SOUGHT = 0.4
"""By which queries are weaker."""
FACTOR = 0.15
"""By which the second factor of gated noise varies less around its bias."""
WRITE = 0.35
"""Of what noise writes, divided by √ of how many write: so it grows but little layer by layer."""

Weights = dict[str, ndarray]


def finish(
    wiring: Wiring,
    folder: Path,
    *,
    positions: Mapping[Node, tuple[int, ...]],
    edges: Collection[Edge],
    backups: Mapping[Node, Node] | None = None,
    hidden: Collection[Edge] = (),
    distractors: Collection[Node] = (),
) -> Planted:
    """Fills the model up with noise and writes it; the rest is the truth, as given."""
    weights = _ends(wiring)
    for layer in range(wiring.n_layers):
        weights |= _attention(wiring, layer) | _mlp(wiring, layer)
    turned = _turned(wiring, weights)
    tensors = {name: torch.from_numpy(array).float() for name, array in turned.items()}
    config = {
        "n_layers": wiring.n_layers, "d_model": wiring.d_model, "n_heads": wiring.n_heads,
        "d_head": D_HEAD, "d_mlp": wiring.d_mlp, "n_ctx": N_CTX, "act": "relu",
        "gated": wiring.gated, "norm": "none", "positions": "learned", "attn_scale": 1.0,
        "vocab": list(VOCABULARY), "bos_token": VOCABULARY[BOS], "tokenize": "whitespace",
    }  # fmt: skip
    return Planted(
        kind=wiring.kind,
        seed=wiring.seed,
        folder=save_plain(folder, config, tensors),
        sites=wiring.sites,
        pairs=tuple(wiring.pairs),
        positions=dict(positions),
        edges=frozenset(edges),
        backups=dict(backups or {}),
        hidden=frozenset(hidden),
        distractors=frozenset(distractors),
    )


def _ends(wiring: Wiring) -> Weights:
    """Embeddings and unembedding."""
    n, d_model = len(VOCABULARY), wiring.d_model
    embed, places, unembed = (
        np.zeros((n, d_model)),
        np.zeros((N_CTX, d_model)),
        np.zeros((d_model, n)),
    )
    for token in range(n):
        embed[token, wiring.here(token)] = unembed[wiring.out(token), token] = 1
    places[:, list(wiring.positions)] = np.eye(N_CTX)
    for table in (embed, places):
        table[:, wiring.n_used :] = EMBEDDED * wiring.normal(len(table), d_model - wiring.n_used)
    unembed[wiring.n_used :, FILLER] = _read(wiring, len(FILLER))[wiring.n_used :]
    return {"W_E": embed, "W_pos": places, "W_U": unembed, "b_U": wiring.bias}


def _attention(wiring: Wiring, layer: int) -> Weights:
    heads = []
    for unit in range(wiring.n_heads):
        head = wiring.heads.get(Node(f"attn.{layer}", unit))
        heads.append(_noise_head(wiring) if head is None else head)
        heads[-1].turn(_rotation(wiring, D_HEAD), _rotation(wiring, D_HEAD))
    at = f"blocks.{layer}.attn"
    return {
        f"{at}.W_Q": np.stack([head.query for head in heads]),
        f"{at}.b_Q": np.stack([head.query_bias for head in heads]),
        f"{at}.W_K": np.stack([head.key for head in heads]),
        f"{at}.W_V": np.stack([head.value for head in heads]),
        f"{at}.W_O": np.stack([head.out for head in heads]),
    }


def _noise_head(wiring: Wiring) -> Head:
    head = Head(wiring.d_model, D_HEAD)
    head.query, head.key, head.value = (_read(wiring, D_HEAD) for _ in range(3))
    head.query *= SOUGHT
    head.out = _written(wiring, D_HEAD)
    return head


def _mlp(wiring: Wiring, layer: int) -> Weights:
    n = wiring.d_mlp
    first, second, out = _read(wiring, n), FACTOR * _read(wiring, n), _written(wiring, n)
    bias = wiring.normal(n)
    for unit in range(n):
        neuron = wiring.neurons.get(Node(f"mlp.{layer}", unit))
        if neuron is not None:
            first[:, unit], second[:, unit] = neuron.first, neuron.second
            bias[unit], out[unit] = neuron.bias, neuron.out
    at = f"blocks.{layer}.mlp"
    read = {f"{at}.W_gate": first, f"{at}.W_in": second} if wiring.gated else {f"{at}.W_in": first}
    return {**read, f"{at}.b_in": bias, f"{at}.W_out": out}


def _read(wiring: Wiring, n: int) -> Float64[ndarray, "d_model unit"]:
    weights = READ * wiring.normal(wiring.d_model, n)
    n_noise = wiring.d_model - wiring.n_used
    weights[wiring.n_used :] *= READ_NOISE / READ / n_noise**0.5
    return weights


def _written(wiring: Wiring, n: int) -> Float64[ndarray, "unit d_model"]:
    into_noise = WRITE / n**0.5 * wiring.normal(n, wiring.d_model - wiring.n_used)
    return np.concatenate([np.zeros((n, wiring.n_used)), into_noise], axis=1)


def _turned(wiring: Wiring, weights: Weights) -> Weights:
    """The same model in another basis of its residual stream."""
    turn = _rotation(wiring, wiring.d_model)
    writing = ("W_E", "W_pos", ".W_O", ".W_out")
    turned = {}
    for name, array in weights.items():
        if "b_" in name:
            turned[name] = array
        elif name.endswith(writing):
            turned[name] = array @ turn
        else:
            turned[name] = turn.T @ array
    return turned


def _rotation(wiring: Wiring, n: int) -> Float64[ndarray, "n n"]:
    return np.asarray(np.linalg.qr(wiring.normal(n, n))[0])
