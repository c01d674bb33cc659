"""Which of a ranking's units make the circuit that is drawn: few, and enough.

The smallest size that is faithful enough on the prompts for finding; then units that it does not
need are taken out again, many at a time as long as that costs nothing, scored anew in what is left:
what ACDC (Conmy et al. 2023) does edge by edge, for units.
"""

from collections.abc import Sequence
from typing import Final

from jaxtyping import Int
from torch import Tensor

from analysis.circuits.proving import Judge, losses

ENOUGH: Final = 0.9
"""Faithfulness on the prompts for finding; some of it is lost on others."""
SIZES: Final = (4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
COST: Final = 0.01
"""Of faithfulness, that all that is taken out may cost together."""
MOST_ROUNDS: Final = 12


def smallest(judge: Judge, order: Int[Tensor, " unit"], most: int) -> list[int]:
    """Numbers of units, at most so many: the first of the ranking."""
    for size in [*(size for size in SIZES if size < most), most]:
        numbers: list[int] = order[:size].tolist()
        if judge.of_kept(numbers).value >= ENOUGH:
            break
    return numbers


def prune(judge: Judge, numbers: Sequence[int]) -> list[int]:
    """Those that are needed, in the order in which they came."""
    kept = list(numbers)
    floor = judge.of_kept(kept).value - COST
    part = 0.25
    for _ in range(MOST_ROUNDS):
        n = max(1, int(part * len(kept)))
        if len(kept) <= n:
            break
        lost = losses(judge, kept, check=judge.check)
        least = set(sorted(kept, key=lambda number: lost[number])[:n])
        left = [number for number in kept if number not in least]
        if judge.of_kept(left).value >= floor:
            kept = left
        elif n == 1:
            break
        else:
            part /= 2
    return kept
