"""Circuits of all sizes at once, one within the other: a ranking of units that is learned.

Every estimate of effects ranks units by what they do in the whole network. What a circuit needs is
another thing: what they do while nearly all others are ablated, and that depends on which others
are there. So the ranking is scored again in its own circuits: each step draws a size, keeps the
best units of the ranking so far, runs a few pairs through what is left of the network, and asks by
one backward pass how each unit, kept or not, would bring the metric nearer to that of the untouched
model. Units near the border of that size are moved by the answer, the others stay.

The border is where a rank's logarithm is within about one of the size's: rank is worth its
logarithm, so that a step at 2 % of all units and one at 0.2 % move as far.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.circuits.keeping import Batch, all_values, keep_gradient
from analysis.circuits.units import Units
from analysis.models.tracing import Check

STEPS: Final = 96
SMALLEST, LARGEST = 0.001, 0.6
"""Of all units: sizes are drawn between them, evenly in their logarithm."""
AT_ONCE: Final = 1
"""Batches of a step."""
PACE: Final = 0.1
"""In logarithms of rank, of a typical unit at the border, per step."""
SLOW: Final = 0.3
"""Of the pace, for the last steps."""
SLOW_FROM: Final = 0.6
FAST_MEMORY, SLOW_MEMORY = 0.9, 0.98
"""Of the mean of gradients, and of their squares (as Adam keeps them, Kingma and Ba 2015)."""

Tell = Callable[[int, int], None]
"""Told which step of how many is done."""


@dataclass
class _Moments:
    """Running means of gradients and their squares."""

    mean: Float[Tensor, " unit"]
    square: Float[Tensor, " unit"]
    n: int = 0

    def step(self, gradient: Float[Tensor, " unit"], near: Tensor) -> Float[Tensor, " unit"]:
        """About 1 of units that are asked to move one way every time; less of those whose
        gradients are small beside what is usual at the border."""
        self.n += 1
        self.mean = torch.lerp(gradient, self.mean, FAST_MEMORY)
        self.square = torch.lerp(gradient.square(), self.square, SLOW_MEMORY)
        root = (self.square / (1 - SLOW_MEMORY**self.n)).sqrt()
        usual = root[near].mean() if bool(near.any()) else root.mean()
        moved: Tensor = self.mean / (1 - FAST_MEMORY**self.n) / (root + 0.1 * usual + 1e-12)
        return moved


def rank_nested(
    batches: Sequence[Batch],
    units: Units,
    first: Float[Tensor, " unit"],
    *,
    steps: int = STEPS,
    seed: int = 0,
    check: Check | None = None,
    tell: Tell | None = None,
) -> Int[Tensor, " unit"]:
    """Numbers of units, the first to be kept first. `first` are the scores to begin with, of which
    the size counts. The same for the same arguments."""
    n = len(units)
    scores = _logarithms(first)
    moments = _Moments(torch.zeros(n), torch.zeros(n))
    generator = np.random.default_rng(seed)
    weights = np.array([batch.n_pairs for batch in batches], dtype=np.float64)
    gap = _gap(batches, units, check)
    for step in range(steps):
        if check is not None:
            check()
        size = _size(n, generator)
        border = torch.topk(scores, size).values[-1]
        keep, nearness = (scores >= border).float(), _nearness(scores - border)
        gradient = torch.zeros(n)
        for number in generator.choice(len(batches), AT_ONCE, p=weights / weights.sum()):
            batch = batches[number]
            more, _ = keep_gradient(batch, units, keep, _distance(batch, gap), check=check)
            gradient += more.cpu() / AT_ONCE
        pace = PACE if step < SLOW_FROM * steps else PACE * SLOW
        scores = scores - pace * moments.step(gradient * nearness, nearness > 0.6)
        if tell is not None:
            tell(step + 1, steps)
    return scores.argsort(descending=True, stable=True)


def _nearness(distance: Float[Tensor, " unit"]) -> Float[Tensor, " unit"]:
    """1 at the border; the derivative of a sigmoid."""
    kept = distance.sigmoid()
    return 4 * kept * (1 - kept)


def _logarithms(scores: Float[Tensor, " unit"]) -> Float[Tensor, " unit"]:
    """−log of the rank's share of all: 0 of the last, log n of the first."""
    ranks = scores.abs().cpu().argsort(descending=True, stable=True).argsort() + 1
    return -(ranks / len(scores)).log()


def _size(n: int, generator: np.random.Generator) -> int:
    low, high = math.log(max(1.0, SMALLEST * n)), math.log(max(1.0, LARGEST * n))
    return max(1, round(math.exp(generator.uniform(low, high))))


def _distance(batch: Batch, gap: float) -> Callable[[Tensor], Tensor]:
    def of(values: Float[Tensor, " pair"]) -> Float[Tensor, ""]:
        return ((values - batch.whole) / gap).square().mean()

    return of


def _gap(batches: Sequence[Batch], units: Units, check: Check | None) -> float:
    """Between the untouched network and an empty one, on average: what steps are measured in."""
    empty = all_values(batches, units, torch.zeros(len(units)), check)
    whole = torch.cat([one.whole for one in batches]).double().cpu().numpy()
    return max(float(np.abs(whole - empty).mean()), 1e-6)
