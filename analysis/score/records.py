"""What a score is when it leaves the analysis: a value with its interval, or why there is none."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from analysis.score.prevalence import InPool
from analysis.score.tails import Tail

METRICS = (
    "corpus_r",
    "top_random_r",
    "r2_uncentred",
    "r2_centred",
    "deviation",
    "detection",
    "detection_precision",
    "detection_recall",
    "fuzzing",
    "auroc",
)
COLUMNS = ("value", "low", "high", "mean", "lookup", "shuffled", "lookup_cut")
"""Both as in `app.store.packing`, which cannot be imported here; a contract test compares them."""

Status = Literal["scored", "undefined", "failed"]


def or_none(number: float) -> float | None:
    """What is not defined has no number when it leaves the arrays."""
    return float(number) if np.isfinite(number) else None


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval; None where undefined. A value may be without an interval."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Cases:
    """What detection, fuzzing and AUROC were decided on."""

    n_yes: int
    """Windows in which the unit fires; windows that are marked rightly; tokens that fire."""
    n: int
    """All that were judged: windows; windows with marks; counted tokens."""
    tail: Tail | None
    """In which the unit fires; None: that is not known."""
    in_pool: InPool | None = None
    """Of windows that were chosen: what they tell of the pool. None: all of it was judged."""


@dataclass(frozen=True)
class MetricScore:
    """One metric of an explanation, and the same metric of the baselines."""

    name: str
    score: Measured
    reason: str | None
    """Why there is no value, or no interval."""
    mean: float | None = None
    lookup: float | None = None
    shuffled: float | None = None
    lookup_cut: float | None = None
    """Of the token lookup cut to as many tokens as the program lists."""
    cases: Cases | None = None


@dataclass(frozen=True)
class Scores:
    """All that one explanation reached on one split."""

    metrics: tuple[MetricScore, ...]
    """In the order of METRICS."""
    status: Status
    """scored: simulation r by protocol corpus is defined, or, of a judge that was not asked for it,
    the first metric that it was; undefined: it is not; failed: there was nothing to score."""
    reason: str | None
    n_windows: int
    n_documents: int
    n_positions: int
    """Counted: from `counted_from` on, inside the window, with a finite activation."""
    n_left_out: int
    """NaN and infinite activations."""
    p: float | None
    """Of r being no better than the shuffled baseline's, one-sided, by the document bootstrap."""

    def of(self, name: str) -> MetricScore:
        return self.metrics[METRICS.index(name)]

    @property
    def r(self) -> float | None:
        return self.metrics[0].score.value

    def values(self) -> Float32[ndarray, "metric column"]:
        """Every number in the order of METRICS and COLUMNS, NaN where undefined."""
        rows = [
            (m.score.value, m.score.low, m.score.high, m.mean, m.lookup, m.shuffled, m.lookup_cut)
            for m in self.metrics
        ]
        return np.array(rows, dtype=np.float64).astype(np.float32)
