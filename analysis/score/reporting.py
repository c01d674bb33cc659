"""From what scorers return to what leaves the analysis: `Scores`, and a reason for every gap."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from analysis.score.bootstrap import FEWEST_DOCUMENTS, MOST_UNDEFINED, Resampled, intervals
from analysis.score.reasons import (
    BOUNDARY,
    FEW_DOCUMENTS,
    FEW_OF_A_KIND,
    FEW_TOP_DOCUMENTS,
    NO_RESAMPLES,
    NOT_ASKED,
    UNDEFINED_RESAMPLES,
)
from analysis.score.records import METRICS, Measured, MetricScore, Scores, Status, or_none
from analysis.score.units import Target

Family: TypeAlias = tuple[tuple[str, ...], Resampled]
"""Names of metrics, and what was found for them in that order."""
NOTHING: Mapping[str, float | None] = {}


def report(
    target: Target,
    families: Sequence[Family],
    *,
    mean: Mapping[str, float | None] = NOTHING,
    lookup: Mapping[str, float | None] = NOTHING,
    shuffled: Mapping[str, float | None] = NOTHING,
    lookup_cut: Mapping[str, float | None] = NOTHING,
    p: float | None = None,
) -> Scores:
    """The scores of one explanation beside the baselines; metrics of no family were not asked.

    Whether it counts as scored is decided by the first family's first metric: simulation r, where
    that is asked.
    """
    found = {
        name: one
        for names, family in families
        for name, one in zip(names, _measured(family, target), strict=True)
    }
    cases = {name: family.cases for names, family in families for name in names}
    metrics = tuple(
        MetricScore(
            name,
            *found.get(name, (Measured(), NOT_ASKED)),
            mean=mean.get(name),
            lookup=lookup.get(name),
            shuffled=shuffled.get(name),
            lookup_cut=lookup_cut.get(name),
            cases=cases.get(name),
        )
        for name in METRICS
    )
    headline, reason = found[families[0][0][0]]
    undefined = headline.value is None
    return Scores(
        metrics=metrics,
        status="undefined" if undefined else "scored",
        reason=reason if undefined else None,
        p=None if undefined else p,
        **_counts(target),
    )


def without(target: Target, status: Status, reason: str) -> Scores:
    """No number at all, for one reason."""
    metrics = tuple(MetricScore(name, Measured(), reason) for name in METRICS)
    return Scores(metrics=metrics, status=status, reason=reason, p=None, **_counts(target))


def values(families: Sequence[Family]) -> dict[str, float | None]:
    """Each metric's value by name, None where undefined."""
    return {
        name: or_none(value)
        for names, family in families
        for name, value in zip(names, family.values.tolist(), strict=True)
    }


def _measured(family: Resampled, target: Target) -> list[tuple[Measured, str | None]]:
    """Every metric of a family with its interval, and why it has no value or no interval."""
    ends = intervals(family.replicates, family.n_documents)
    found = []
    for place, (value, (low, high), reason) in enumerate(
        zip(family.values, ends, family.reasons, strict=True)
    ):
        one = Measured(or_none(value), or_none(low), or_none(high))
        if one.value is None:
            found.append((Measured(), reason))
        elif one.low is None:
            found.append((one, _why_no_interval(target, family, place)))
        elif np.float32(low) == np.float32(high):
            found.append((Measured(one.value), BOUNDARY))
        else:
            found.append((one, None))
    return found


def _why_no_interval(target: Target, family: Resampled, place: int) -> str:
    if len(family.replicates):
        undefined = np.isnan(family.replicates[:, place]).mean() > MOST_UNDEFINED
        return UNDEFINED_RESAMPLES if undefined else FEW_OF_A_KIND
    if not target.pool.replicates:
        return NO_RESAMPLES
    return FEW_DOCUMENTS if target.pool.n_documents < FEWEST_DOCUMENTS else FEW_TOP_DOCUMENTS


def _counts(target: Target) -> dict[str, int]:
    there = target.counted.any(1)
    return {
        "n_windows": int(there.sum()),
        "n_documents": len(np.unique(target.pool.document_of[there])),
        "n_positions": target.n_counted,
        "n_left_out": target.n_left_out,
    }
