"""Which dtype a sweep should run in."""

import time
from dataclasses import dataclass
from typing import Literal

import torch

from analysis.models.architectures.plain import PlainConfig, PlainTransformer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

WORTH = 1.3
"""bfloat16 is taken if it is at least so many times as fast as float32."""
WINDOWS, POSITIONS = 4, 128
PASSES = 3


@dataclass(frozen=True)
class DtypeChoice:
    dtype: torch.dtype
    reason: str
    """One sentence for the log and the run."""


@dataclass(frozen=True)
class LayerShape:
    """Of one layer of a model: what its speed depends on."""

    d_model: int
    n_heads: int
    d_head: int
    d_mlp: int
    n_ctx: int
    gated: bool
    norm: Literal["none", "layer", "rms"]


def choose_dtype(
    wanted: Literal["auto", "float32", "bfloat16", "float16"],
    device: torch.device,
    shape: LayerShape,
) -> DtypeChoice:
    """The dtype asked for; for auto, float32 or bfloat16, whichever is worth it on this machine.

    On a CPU one layer of the model's shape, with any weights, is timed in both: a moment's work,
    where the model itself would have to be loaded in both.
    """
    if wanted != "auto":
        return DtypeChoice(DTYPES[wanted], f"{wanted}, as asked for")
    if device.type != "cpu":
        if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
            return DtypeChoice(torch.bfloat16, f"bfloat16, which {device} computes natively")
        return DtypeChoice(torch.float32, f"float32, because {device} has no native bfloat16")
    exact, short = (layer_seconds(shape, dtype) for dtype in (torch.float32, torch.bfloat16))
    ratio = exact / short
    said = f"a layer of this shape runs {ratio:.2f} times as fast in it on this machine"
    if ratio >= WORTH:
        return DtypeChoice(torch.bfloat16, f"bfloat16, because {said}")
    return DtypeChoice(torch.float32, f"float32 and not bfloat16, because {said}, under {WORTH}")


def layer_seconds(shape: LayerShape, dtype: torch.dtype) -> float:
    """The fastest of three passes of four windows through one layer, after one to warm up."""
    config = PlainConfig(
        n_layers=1, d_model=shape.d_model, n_heads=shape.n_heads, d_head=shape.d_head,
        d_mlp=shape.d_mlp, n_ctx=shape.n_ctx, act="silu" if shape.gated else "gelu_tanh",
        gated=shape.gated, norm=shape.norm, positions="none",
    )  # fmt: skip
    network = PlainTransformer(config, n_vocab=1, n_out=1).to(dtype).eval()
    tokens = torch.zeros(WINDOWS, min(POSITIONS, shape.n_ctx), dtype=torch.long)
    times = []
    with torch.inference_mode():
        network(tokens, None)
        for _ in range(PASSES):
            start = time.perf_counter()
            network(tokens, None)
            times.append(time.perf_counter() - start)
    return min(times)
