"""How many windows a sweep keeps of each unit in each split: as asked for, else as is usual.

Usual is what keeps a neuron with all its exemplars under 16 KB in a corpus of four splits, and the
pools of 46,350 units under 1 GB: most for fit, where pages look first and programs are fitted, less
for the splits that they are tested on, and for calibration no exemplars at all.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from app.store.requests import SweepRequest


class Amounts(NamedTuple):
    """Windows per unit in one split."""

    top: int
    bottom: int
    per_interval: int
    random: int
    pool: int


USUAL: Final[Mapping[str, Amounts]] = MappingProxyType(
    {
        "fit": Amounts(top=10, bottom=6, per_interval=2, random=4, pool=40),
        "calibration": Amounts(top=0, bottom=0, per_interval=0, random=0, pool=12),
        "test": Amounts(top=3, bottom=2, per_interval=0, random=2, pool=20),
        "ood": Amounts(top=3, bottom=2, per_interval=0, random=2, pool=12),
    }
)


def amounts_of(request: SweepRequest, split: str) -> Amounts:
    """Each number from the most particular place that names it: the split, `ood` where it is a
    held-out domain, `default`; else the usual one."""
    family = "ood" if split.startswith("ood:") else split
    asked = [
        request.sampling[key].model_dump()
        for key in (split, family, "default")
        if key in request.sampling
    ]
    found: dict[str, int] = USUAL[family]._asdict()
    for sampling in reversed(asked):
        found |= sampling
    return Amounts(**found)


def most_windows(request: SweepRequest, split: str) -> int | None:
    """Of the split, so many windows are swept at most; None: all."""
    family = "ood" if split.startswith("ood:") else "default"
    limits = request.max_windows
    return limits.get(split, limits.get(family))
