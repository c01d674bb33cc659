"""Which dtype a sweep should run in."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from analysis.models.subject import SubjectModel

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

WORTH = 1.3
"""bfloat16 is taken if it is at least so many times as fast as float32."""


@dataclass(frozen=True)
class DtypeChoice:
    dtype: torch.dtype
    reason: str
    """One sentence for the log and the run."""


def choose_dtype(
    wanted: Literal["auto", "float32", "bfloat16", "float16"],
    device: torch.device,
    load: Callable[[torch.dtype], SubjectModel],
) -> DtypeChoice:
    """The dtype asked for; for auto, float32 or bfloat16, whichever is worth it on this machine.

    On a CPU one small batch is timed in both, which loads the model twice, one after the other.
    """
    if wanted != "auto":
        return DtypeChoice(DTYPES[wanted], f"{wanted}, as asked for")
    if device.type != "cpu":
        if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
            return DtypeChoice(torch.bfloat16, f"bfloat16, which {device} computes natively")
        return DtypeChoice(torch.float32, f"float32, because {device} has no native bfloat16")
    exact, short = (_seconds(load(dtype)) for dtype in (torch.float32, torch.bfloat16))
    ratio = exact / short
    said = f"bfloat16 runs {ratio:.2f} times as fast as float32 on this machine"
    if ratio >= WORTH:
        return DtypeChoice(torch.bfloat16, f"bfloat16, because {said}")
    return DtypeChoice(torch.float32, f"float32, because {said}, which is under {WORTH}")


def _seconds(model: SubjectModel) -> float:
    """The fastest of three forward passes over four windows, after one to warm up."""
    n_pos = min(128, model.facts.n_ctx)
    tokens = torch.arange(4 * n_pos).reshape(4, n_pos) % model.facts.n_vocab
    model.run(tokens)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        model.run(tokens)
        times.append(time.perf_counter() - start)
    return min(times)
