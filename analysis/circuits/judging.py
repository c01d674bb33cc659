"""A network that circuits of it are judged against: what it does untouched, and with nothing left.

Faithfulness is (m(C) − m(∅)) / (m(M) − m(∅)) of means over prompts (Marks et al. 2025, Mueller et
al. 2025), completeness the same of the network without the circuit. Intervals are over clean
prompts: pairs that share one are resampled together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, Int64
from numpy import ndarray
from torch import Tensor

from analysis.circuits.keeping import Batch, all_values
from analysis.circuits.pairs import Sides
from analysis.circuits.ratios import mean_of, ratio_of_means
from analysis.circuits.saying import Said, all_said
from analysis.circuits.units import Units
from analysis.errors import TaskError
from analysis.models.tracing import Check
from analysis.protocol.proofs import Estimate
from analysis.solving.measuring import SAME

TWINS: Final = 2
"""Random circuits of a size, whose mean is told."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A network, what it does untouched and what it does with every unit ablated."""

    batches: Sequence[Batch]
    units: Units
    whole: Float64[ndarray, " pair"]
    empty: Float64[ndarray, " pair"]
    prompts: Int64[ndarray, " pair"]
    """Numbers of the clean prompts, from 0: equal where pairs share one."""
    check: Check | None = None

    @property
    def n_pairs(self) -> int:
        return len(self.whole)

    @property
    def gap(self) -> float:
        return float(self.whole.mean() - self.empty.mean())

    def values(self, keep: Float[Tensor, " unit"]) -> Float64[ndarray, " pair"]:
        return all_values(self.batches, self.units, keep, self.check)

    def says(self, keep: Float[Tensor, " unit"]) -> Said:
        return all_said(self.batches, self.units, keep, self.check)

    def faithfulness(self, values: Float64[ndarray, " pair"]) -> Estimate:
        return self.share(values - self.empty)

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
        return self.faithfulness(self.twin_values(n_units, seed))

    def twin_values(self, n_units: int, seed: int) -> Float64[ndarray, " pair"]:
        """Means over the random circuits, of each pair."""
        drawn = twins(len(self.units), n_units, seed)
        kept = np.stack([self.values(self.units.only(twin)) for twin in drawn])
        means: Float64[ndarray, " pair"] = kept.mean(0)
        return means


def judge_of(batches: Sequence[Batch], units: Units, *, check: Check | None = None) -> Judge:
    """Raises TaskError where ablating everything changes nothing: there is nothing to explain."""
    whole = np.concatenate([one.whole.double().cpu().numpy() for one in batches])
    empty = all_values(batches, units, torch.zeros(len(units)), check)
    prompts = prompt_numbers(one.sides for one in batches)
    judge = Judge(batches, units, whole, empty, prompts, check)
    if is_rounding(judge.gap, whole):
        raise TaskError(
            f"ablating every neuron and head leaves the metric as it is, over {judge.n_pairs} "
            "prompts: no circuit can be told from any other",
            hint="What the metric says may follow from the last token alone: measure other "
            "tokens, or change other words in the counterfactual.",
        )
    return judge


def is_rounding(gap: float, whole: Float64[ndarray, " pair"]) -> bool:
    """Of means over the same pairs."""
    return abs(gap) <= SAME * max(1.0, float(np.abs(whole).mean()))


def prompt_numbers(sides: Iterable[Sides]) -> Int64[ndarray, " pair"]:
    """Of the clean prompts, from 0: equal where pairs share one."""
    seen: dict[tuple[int, ...], int] = {}
    rows = [tuple(row) for one in sides for row in one.clean.tokens.tolist()]
    return np.array([seen.setdefault(row, len(seen)) for row in rows], dtype=np.int64)


def twins(n: int, n_units: int, seed: int) -> list[Int[Tensor, " kept"]]:
    generator = np.random.default_rng([seed, n_units])
    return [torch.from_numpy(generator.permutation(n)[:n_units]) for _ in range(TWINS)]


def matched(
    units: Units, numbers: Sequence[int], *, n: int, seed: int
) -> Iterator[Int[Tensor, " kept"]]:
    """Random circuits with as many units of every site: what is found in the right layers, of the
    right kind, by luck."""
    generator = np.random.default_rng([seed, len(numbers), n])
    wanted = np.zeros(len(units.sites), dtype=np.int64)
    for number in numbers:
        wanted[units.site_number(number)] += 1
    for _ in range(n):
        drawn = [
            start + generator.permutation(site.n_units)[:count]
            for site, start, count in zip(units.sites, units.starts, wanted, strict=False)
        ]
        yield torch.from_numpy(np.concatenate(drawn))
