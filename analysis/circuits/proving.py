"""How much of what a model does a circuit does by itself, and how much is left without it.

Faithfulness is (m(C) − m(∅)) / (m(M) − m(∅)) of means over prompts (Wang et al. 2023, Mueller et
al. 2025), completeness the same of the network without the circuit. Beside the circuit's curve over
sizes stand as many random units, those that differ most between the two prompts, and those of
integrated gradients over what is kept. Intervals are over clean prompts: pairs that share one are
resampled together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, Int64
from numpy import ndarray
from torch import Tensor

from analysis.circuits.keeping import Batch, all_values, keep_gradient
from analysis.circuits.ratios import mean_of, ratio_of_means
from analysis.circuits.units import Units
from analysis.errors import TaskError
from analysis.models.tracing import Check
from analysis.protocol.circuits import (
    Ablation,
    Curve,
    CurveOf,
    Drop,
    Estimate,
    Point,
    Prompts,
    Proof,
)
from analysis.solving.measuring import SAME

SHARES: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Of all units; those of Mueller et al. 2025."""
N_DROPS: Final = 12
"""Units, those that seem needed least, that are left out one by one."""
TWINS: Final = 2
"""Random circuits of a size, whose mean is told."""


Rankings = Mapping[Literal["circuit", "active", "ig"], Int[Tensor, " unit"]]
"""Numbers of units, the first kept first."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A network, what it does untouched and what it does with every unit ablated."""

    batches: Sequence[Batch]
    units: Units
    whole: Float64[ndarray, " pair"]
    empty: Float64[ndarray, " pair"]
    prompts: Int64[ndarray, " pair"]
    """Numbers of the clean prompts: equal where pairs share one."""
    check: Check | None = None

    @property
    def n_pairs(self) -> int:
        return len(self.whole)

    @property
    def gap(self) -> float:
        return float(self.whole.mean() - self.empty.mean())

    def values(self, keep: Float[Tensor, " unit"]) -> Float64[ndarray, " pair"]:
        return all_values(self.batches, self.units, keep, self.check)

    def faithfulness(self, *runs: Float64[ndarray, " pair"]) -> Estimate:
        """Of the mean over some runs of the same prompts."""
        return self.share(np.mean(runs, axis=0) - self.empty)

    def share(self, values: Float64[ndarray, " pair"]) -> Estimate:
        """Of what there is between the untouched network and the empty one."""
        return ratio_of_means(values, self.whole - self.empty, self.prompts)

    def mean(self, values: Float64[ndarray, " pair"]) -> Estimate:
        return mean_of(values, self.prompts)

    def of_kept(self, numbers: Sequence[int] | Int[Tensor, " kept"]) -> Estimate:
        return self.faithfulness(self.values(self.units.only(numbers)))

    def of_rest(self, numbers: Sequence[int] | Int[Tensor, " kept"]) -> Estimate:
        """Completeness: of the network without them."""
        return self.faithfulness(self.values(1 - self.units.only(numbers)))

    def of_twins(self, n_units: int, seed: int) -> Estimate:
        """Of as many units at random, several times."""
        return self.faithfulness(
            *(self.values(self.units.only(twin)) for twin in twins(len(self.units), n_units, seed))
        )


def prove(
    judge: Judge,
    rankings: Rankings,
    kept: Sequence[int],
    ablation: Ablation,
    prompts: Prompts,
    *,
    seed: int,
    decides: bool,
) -> Proof:
    """Of the kept units, and of the ranking that they are from at all sizes; with what that is held
    against and what each unit is needed for, if it is the proof that decides."""
    curves = [curve(judge, "circuit", rankings["circuit"], completeness=True)]
    if decides:
        curves += [
            curve(judge, "random", None, seed=seed),
            curve(judge, "active", rankings["active"]),
            curve(judge, "ig", rankings["ig"]),
        ]
    return Proof(
        ablation=ablation,
        prompts=prompts,
        n_prompts=judge.n_pairs,
        whole=judge.mean(judge.whole),
        empty=judge.mean(judge.empty),
        curves=tuple(curves),
        n_kept=len(kept),
        faithfulness=judge.of_kept(kept),
        completeness=judge.of_rest(kept),
        random=judge.of_twins(len(kept), seed),
        drops=tuple(drops(judge, kept, most=N_DROPS)) if decides else (),
    )


def judge_of(batches: Sequence[Batch], units: Units, *, check: Check | None = None) -> Judge:
    """Raises TaskError where ablating everything changes nothing: there is nothing to explain."""
    whole = np.concatenate([one.whole.double().cpu().numpy() for one in batches])
    empty = all_values(batches, units, torch.zeros(len(units)), check)
    judge = Judge(batches, units, whole, empty, _prompts(batches), check)
    if abs(judge.gap) <= SAME * max(1.0, float(np.abs(whole).mean())):
        raise TaskError(
            f"ablating every neuron and head leaves the metric as it is, over {judge.n_pairs} "
            "prompts: no circuit can be told from any other",
            hint="What the metric says may follow from the last token alone: measure other "
            "tokens, or change other words in the counterfactual.",
        )
    return judge


def _prompts(batches: Sequence[Batch]) -> Int64[ndarray, " pair"]:
    seen: dict[tuple[int, ...], int] = {}
    rows = [tuple(row) for one in batches for row in one.sides.clean.tokens.tolist()]
    return np.array([seen.setdefault(row, len(seen)) for row in rows], dtype=np.int64)


def twins(n: int, n_units: int, seed: int) -> list[Int[Tensor, " kept"]]:
    generator = np.random.default_rng([seed, n_units])
    return [torch.from_numpy(generator.permutation(n)[:n_units]) for _ in range(TWINS)]


def sizes_of(n: int) -> list[int]:
    """How many units each share is; each size once."""
    return sorted({max(1, round(share * n)) for share in SHARES})


def curve(
    judge: Judge,
    of: CurveOf,
    order: Int[Tensor, " unit"] | None,
    *,
    seed: int = 0,
    completeness: bool = False,
) -> Curve:
    """Over sizes; `order` of units, the first kept first, None at random."""
    n = len(judge.units)
    points = []
    for size in sizes_of(n)[:-1]:
        kept = judge.of_twins(size, seed) if order is None else judge.of_kept(order[:size])
        left = judge.of_rest(order[:size]) if completeness and order is not None else None
        points.append(Point(n_units=size, share=size / n, faithfulness=kept, completeness=left))
    points.append(_all(n, completeness=completeness))
    cpr, cmd = areas(points)
    return Curve(of=of, points=tuple(points), cpr=cpr, cmd=cmd)


def _all(n: int, *, completeness: bool) -> Point:
    """The untouched network, whose faithfulness is 1 by definition."""
    one, none = (Estimate(value=value, low=value, high=value) for value in (1.0, 0.0))
    left = none if completeness else None
    return Point(n_units=n, share=1.0, faithfulness=one, completeness=left)


def areas(points: Sequence[Point]) -> tuple[float, float]:
    """CPR and CMD: means of faithfulness and of |1 − faithfulness| over the share of units."""
    if len(points) < 2:
        value = points[0].faithfulness.value
        return value, abs(1 - value)
    shares = np.array([point.share for point in points])
    values = np.array([point.faithfulness.value for point in points])
    width = shares[-1] - shares[0]
    return (
        float(np.trapezoid(values, shares) / width),
        float(np.trapezoid(np.abs(1 - values), shares) / width),
    )


def losses(
    judge: Judge, numbers: Sequence[int], *, check: Check | None = None
) -> Mapping[int, float]:
    """Estimated, all at once: by how much faithfulness falls if one unit is left out."""
    keep = judge.units.only(numbers)
    total = torch.zeros(len(judge.units))
    for batch in judge.batches:
        gradient, _ = keep_gradient(
            batch, judge.units, keep, lambda values: values.sum(), check=check
        )
        total += gradient.cpu()
    lost = total / (judge.n_pairs * judge.gap)
    return {number: float(lost[number]) for number in numbers}


def drops(judge: Judge, numbers: Sequence[int], *, most: int) -> list[Drop]:
    """Minimality: of those that seem needed least, what leaving each out costs; the least first."""
    estimated = losses(judge, numbers, check=judge.check)
    least = sorted(numbers, key=lambda number: estimated[number])[:most]
    kept = judge.values(judge.units.only(numbers))
    found = []
    for number in least:
        without = judge.values(judge.units.only([each for each in numbers if each != number]))
        found.append(Drop(unit=judge.units.ref(number), lost=judge.share(kept - without)))
    return sorted(found, key=lambda each: each.lost.value)
