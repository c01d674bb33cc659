"""Sentence embeddings by all-MiniLM-L6-v2, computed with numpy.

A BERT encoder (Devlin et al. 2019; here 6 layers of 384 numbers, distilled by Wang et al. 2020 and
trained on pairs of sentences by Reimers and Gurevych's sentence-transformers): embeddings, layers
of attention and feed-forward with the norm after each sum, the mean over all tokens, unit length.
erf is computed by formula 7.1.26 of Abramowitz and Stegun, which is off by 1.5e-7 at most.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float32, Int64
from numpy import ndarray
from tokenizers import Tokenizer

from analysis.embedding.errors import EmbeddingError
from analysis.embedding.safetensors_file import read_tensors

LONGEST: Final = 256
"""Tokens; the model was trained on no more, the rest of a longer text is left out."""
LONGEST_TEXT: Final = 8192
"""Characters."""
BATCH: Final = 32
MASKED: Final = np.float32(-1e9)


@dataclass(frozen=True)
class Dense:
    weight: Float32[ndarray, "inputs outputs"]
    bias: Float32[ndarray, " outputs"]

    def __call__(self, x: Float32[ndarray, "... inputs"]) -> Float32[ndarray, "... outputs"]:
        return np.asarray(x @ self.weight + self.bias)


@dataclass(frozen=True)
class Norm:
    gain: Float32[ndarray, " d_model"]
    bias: Float32[ndarray, " d_model"]
    epsilon: float

    def __call__(self, x: Float32[ndarray, "... d_model"]) -> Float32[ndarray, "... d_model"]:
        x = x - x.mean(-1, keepdims=True)
        scale = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(self.epsilon))
        return np.asarray(x * scale * self.gain + self.bias)


@dataclass(frozen=True)
class Layer:
    qkv: Dense
    """Queries, keys and values side by side."""
    output: Dense
    after_attention: Norm
    up: Dense
    down: Dense
    after_mlp: Norm


@dataclass(frozen=True)
class Encoder:
    tokenizer: Tokenizer
    words: Float32[ndarray, "vocab d_model"]
    positions: Float32[ndarray, "pos d_model"]
    """With the embedding of the first (here only) token type added."""
    first_norm: Norm
    layers: tuple[Layer, ...]
    n_heads: int

    @property
    def n_dims(self) -> int:
        return int(self.words.shape[1])

    def encode(self, texts: Sequence[str]) -> Float32[ndarray, "text d_model"]:
        """Of unit length, in the order of the texts."""
        ids = [one.ids for one in self.tokenizer.encode_batch([t[:LONGEST_TEXT] for t in texts])]
        by_length = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        found = np.zeros((len(ids), self.n_dims), np.float32)
        for start in range(0, len(ids), BATCH):
            some = by_length[start : start + BATCH]
            found[some] = self._encode([ids[at] for at in some])
        return found

    def _encode(self, ids: Sequence[Sequence[int]]) -> Float32[ndarray, "text d_model"]:
        longest = max(map(len, ids))
        tokens = np.zeros((len(ids), longest), np.int64)
        for row, one in enumerate(ids):
            tokens[row, : len(one)] = one
        lengths = np.array([len(one) for one in ids])
        there = np.arange(longest) < lengths[:, None]
        x = self._run(tokens, there)
        total = (x * there[:, :, None]).sum(1) / np.maximum(lengths, 1)[:, None]
        norms = np.linalg.norm(total, axis=1, keepdims=True)
        return np.asarray(total / np.maximum(norms, 1e-12), np.float32)

    def _run(
        self, tokens: Int64[ndarray, "text pos"], there: Bool[ndarray, "text pos"]
    ) -> Float32[ndarray, "text pos d_model"]:
        x = self.first_norm(self.words[tokens] + self.positions[: tokens.shape[1]])
        mask = np.where(there, np.float32(0), MASKED)[:, None, None, :]
        for layer in self.layers:
            x = layer.after_attention(x + self._attend(layer, x, mask))
            x = layer.after_mlp(x + layer.down(gelu(layer.up(x))))
        return np.asarray(x)

    def _attend(
        self,
        layer: Layer,
        x: Float32[ndarray, "text pos d_model"],
        mask: Float32[ndarray, "text 1 1 pos"],
    ) -> Float32[ndarray, "text pos d_model"]:
        batch, pos, width = x.shape
        d_head = width // self.n_heads
        qkv = layer.qkv(x).reshape(batch, pos, 3, self.n_heads, d_head)
        q, k, v = qkv.transpose(2, 0, 3, 1, 4)
        scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(d_head)) + mask
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        read = (weights @ v).transpose(0, 2, 1, 3).reshape(batch, pos, width)
        return layer.output(read)


def gelu(x: Float32[ndarray, "..."]) -> Float32[ndarray, "..."]:
    """x · Φ(x)"""
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(factor)
    tail = 0.5 * series * t * np.exp(-z * z)
    return np.asarray(x * np.where(x > 0, 1 - tail, tail), np.float32)


def load_encoder(folder: Path) -> Encoder:
    """The model of a folder with config.json, tokenizer.json and model.safetensors.

    Raises:
        EmbeddingError: a file is missing or damaged, or the model is of another kind.
    """
    config = _config(folder / "config.json")
    tensors = read_tensors(folder / "model.safetensors")
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the tokenizer's reader raises nothing more exact
        raise EmbeddingError(f"tokenizer.json cannot be read: {error}.") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(min(LONGEST, int(config["max_position_embeddings"])))
    try:
        return _assemble(tokenizer, config, tensors)
    except KeyError as error:
        raise EmbeddingError(
            f"The model has no tensor {error}.", hint="Only BERT encoders can be used here."
        ) from error


def _assemble(
    tokenizer: Tokenizer, config: Mapping[str, Any], tensors: Mapping[str, ndarray]
) -> Encoder:
    epsilon = float(config["layer_norm_eps"])

    def dense(*names: str) -> Dense:
        return Dense(
            np.ascontiguousarray(np.concatenate([tensors[f"{n}.weight"] for n in names]).T),
            np.concatenate([tensors[f"{n}.bias"] for n in names]),
        )

    def norm(name: str) -> Norm:
        return Norm(tensors[f"{name}.weight"], tensors[f"{name}.bias"], epsilon)

    def layer(at: str) -> Layer:
        attention = [f"{at}.attention.self.{name}" for name in ("query", "key", "value")]
        return Layer(
            qkv=dense(*attention),
            output=dense(f"{at}.attention.output.dense"),
            after_attention=norm(f"{at}.attention.output.LayerNorm"),
            up=dense(f"{at}.intermediate.dense"),
            down=dense(f"{at}.output.dense"),
            after_mlp=norm(f"{at}.output.LayerNorm"),
        )

    types = tensors["embeddings.token_type_embeddings.weight"]
    return Encoder(
        tokenizer=tokenizer,
        words=tensors["embeddings.word_embeddings.weight"],
        positions=tensors["embeddings.position_embeddings.weight"] + types[0],
        first_norm=norm("embeddings.LayerNorm"),
        layers=tuple(layer(f"encoder.layer.{n}") for n in range(int(config["num_hidden_layers"]))),
        n_heads=int(config["num_attention_heads"]),
    )


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EmbeddingError(f"{path.name} cannot be read.", hint="Get the model again.") from error
    if not isinstance(config, dict) or config.get("model_type") != "bert":
        raise EmbeddingError("The embedding model is no BERT.", hint="Use all-MiniLM-L6-v2.")
    if config.get("hidden_act") != "gelu":
        raise EmbeddingError(f"The activation function {config.get('hidden_act')} is not built.")
    return config
