"""Which of a ranking's units make the circuit that is drawn: few, and enough.

The smallest size that is faithful enough on the prompts for finding, neither far below 1 nor far
above it; then units that it does not need are taken out again, many at a time as long as that
costs nothing, scored anew in what is left: greedy as ACDC (Conmy et al. 2023), which runs edge by
edge. What holds the rest back counts as needed, too.
"""

from collections.abc import Sequence
from typing import Final

from jaxtyping import Int
from torch import Tensor

from analysis.circuits.judging import Judge
from analysis.circuits.proving import losses

NEAR: Final = 0.1
"""So far from 1 may the faithfulness on the prompts for finding be; some is lost on others."""
SIZES: Final = (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
HALF: Final = 0.5
COST: Final = 0.01
"""So much farther from 1 may all that is taken out lead together."""
MOST_ROUNDS: Final = 12


def smallest(judge: Judge, order: Int[Tensor, " unit"], most: int) -> list[int]:
    """Numbers of units, at most so many: the first of the ranking. Where no size is near enough,
    the nearest; the largest where even that one does not do half of what the model does."""
    nearest, least = most, HALF
    for size in [*(size for size in SIZES if size < most), most]:
        off = _off(judge, order[:size].tolist())
        if off <= least:
            nearest, least = size, off
        if off <= NEAR:
            break
    return list(order[:nearest].tolist())


def prune(judge: Judge, numbers: Sequence[int]) -> list[int]:
    """Those that are needed, in the order in which they came."""
    kept = list(numbers)
    most_off = _off(judge, kept) + COST
    part = 0.25
    lost = losses(judge, kept, check=judge.check)
    for _ in range(MOST_ROUNDS):
        n = max(1, int(part * len(kept)))
        if len(kept) <= n:
            break
        least = set(sorted(kept, key=lambda number: abs(lost[number]))[:n])
        left = [number for number in kept if number not in least]
        if _off(judge, left) <= most_off:
            kept, lost = left, losses(judge, left, check=judge.check)
        elif n == 1:
            break
        else:
            part /= 2
    return kept


def _off(judge: Judge, numbers: Sequence[int]) -> float:
    return abs(1 - judge.of_kept(numbers).value)
