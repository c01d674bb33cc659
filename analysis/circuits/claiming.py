"""A claim about some units of a circuit, scrubbed beside what it is held against.

What the claim recovers says nothing alone: it stands between the same units with their own values
(all that they could carry) and resampled from any prompt (nothing); beside it stand as many random
units of the circuit that are said to carry the same instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray

from analysis.circuits.ratios import ratio_of_means
from analysis.circuits.rooms import Hypothesis
from analysis.circuits.scrubbing import NOTHING
from analysis.protocol.proofs import Estimate, Feature

Values = Float64[ndarray, " prompt"]


@dataclass(frozen=True)
class Claimed:
    recovered: Estimate
    """Of what the whole model does more than one that is resampled altogether; the next three of
    the same."""
    everything: Estimate
    nothing: Estimate
    random: Estimate | None
    """None: the circuit has too few other units."""
    matter: Estimate
    """`everything` − `nothing`: what there is to explain."""
    explained: Estimate | None
    """(claim − nothing) / (everything − nothing); None: there is nothing between the two."""
    scrubbed: float
    """The metric, mean over prompts; the next too."""
    resampled: float


def hold(
    carriers: Mapping[int, Feature],
    others: frozenset[int],
    *,
    keeps_others: bool,
    seed: int,
    whole: Values,
    prompts: Int64[ndarray, " pair"],
    run: Callable[[Hypothesis], Values],
) -> Claimed:
    """`others`: of the circuit, without the units of the claim; they compute from what reaches
    them, or carry nothing too. `prompts` numbers the clean ones, equal where pairs share one.
    ValueError: resampling everything leaves the metric as it is."""
    claimed = frozenset(carriers)
    empty = run(NOTHING)
    below = whole - empty
    if abs(float(below.mean())) <= 1e-6 * max(1.0, float(np.abs(whole).mean())):
        raise ValueError("resampling every neuron and head leaves the metric as it is")

    def left(some: frozenset[int]) -> frozenset[int]:
        return some if keeps_others else frozenset()

    claim = run(Hypothesis(carriers, computed=left(others)))
    everything = run(Hypothesis({}, own=claimed, computed=left(others)))
    nothing = run(Hypothesis({}, computed=left(others)))
    twins = twins_of(carriers, others, seed)
    instead = Hypothesis(twins, computed=left(others.difference(twins)))
    random = run(instead) if twins else None
    return Claimed(
        recovered=ratio_of_means(claim - empty, below, prompts),
        everything=ratio_of_means(everything - empty, below, prompts),
        nothing=ratio_of_means(nothing - empty, below, prompts),
        random=None if random is None else ratio_of_means(random - empty, below, prompts),
        matter=ratio_of_means(everything - nothing, below, prompts),
        explained=_ratio(claim - nothing, everything - nothing, prompts),
        scrubbed=float(claim.mean()),
        resampled=float(empty.mean()),
    )


def twins_of(
    carriers: Mapping[int, Feature], others: frozenset[int], seed: int
) -> dict[int, Feature]:
    """As many of the others, each with the feature of one that is claimed; {}: too few."""
    if len(others) < len(carriers):
        return {}
    drawn = np.random.default_rng([seed, len(carriers)]).permutation(sorted(others))
    features: Sequence[Feature] = [carriers[number] for number in sorted(carriers)]
    return dict(zip(drawn.tolist(), features, strict=False))


def _ratio(above: Values, below: Values, prompts: Int64[ndarray, " pair"]) -> Estimate | None:
    return ratio_of_means(above, below, prompts) if float(below.sum()) else None
