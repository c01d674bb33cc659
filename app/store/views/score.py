"""Scores as shown: every number with its split, protocol, interval, baselines and denominators."""

from typing import Final, Literal

from app.store.views.base import View

ScoreStatus = Literal["ok", "undefined", "failed", "not run"]
Tail = Literal["upper", "lower"]
IMPORTED: Final = "import:"
"""How the judge of a score begins that came with an import: shown, but nothing is ranked by it, and
it is no test."""


class BaselinesView(View):
    """The same metric of what knows nothing of the explanation; null: undefined or not run."""

    mean: float | None
    """The unit's mean, everywhere."""
    lookup: float | None
    """The unit's token lookup."""
    shuffled: float | None
    """The explanation of another random unit of the site; R² and deviation after a line fitted on
    calibration, for its levels are another unit's (of scores stored before: as it is)."""
    lookup_cut: float | None
    """The token lookup cut to as many tokens as the program lists, at least one."""


class ScoreView(View):
    """One metric of one explanation on one split, by one judge."""

    metric: str
    protocol: str
    """What it is computed over: corpus (random windows), top+random, windows, marked tokens."""
    split: str
    judge: str
    """`program`, or the language model that judged."""
    status: ScoreStatus
    reason: str | None
    """Why it is undefined or failed, or has no interval."""
    value: float | None
    low: float | None
    """Of the 95 % interval, bootstrapped by document."""
    high: float | None
    baselines: BaselinesView
    p: float | None
    """Of corpus_r: of being no better than explanations of other units of the site."""
    q: float | None = None
    """Of corpus_r: the lowest false discovery rate, over all units that the run explained by this
    method, at which it counts as better than others'; null where no run explained a random sample
    of units, and in lists."""
    n_yes: int | None
    """Of detection, its precision and recall: windows in which the unit fires; of fuzzing: showings
    of windows with the marks where it fires; of AUROC: tokens that fire."""
    n_cases: int | None
    """All that were judged: windows; showings; counted tokens."""
    tail: Tail | None
    """Of detection, its precision and recall, fuzzing and AUROC: the tail in which the unit fires,
    the heavier one on fit (its outermost 1 % lie farther from the median, or nothing lies on the
    other side of 0). null: of other metrics, where it is not known, and of scores stored before it
    was told, which are of the upper one where a program judged and of `details.tail` where a
    language model did."""
    prevalence: float | None = None
    """Of detection_precision, as the next two: the share of the judged windows in which the unit
    fires. A language model is shown windows of which half do, if there are as many."""
    pool_prevalence: float | None = None
    """The same of all windows of the split's pool; null where it was not stored."""
    precision_in_pool: float | None = None
    """The precision at that share: recall · π / (recall · π + false-alarm rate · (1 − π)), the
    false-alarm rate of quiet windows in the pool's proportion of near misses."""
    n_windows: int
    n_documents: int
    n_positions: int
    n_failed: int
    """Answers of the judge that could not be read; counted, not scored."""
    run_id: int | None
    """The run that scored it; null: it came with an import."""


class HeadlineView(View):
    """Simulation r by protocol corpus on one split: what a list shows of an explanation."""

    split: str
    judge: str
    status: ScoreStatus
    reason: str | None
    """Why it is undefined or failed, or has no interval."""
    r: float | None
    low: float | None
    high: float | None
    p: float | None
    """Of being no better than explanations of other units; null where that was not tested."""
    baselines: BaselinesView
    n_windows: int
    n_documents: int


class ScorePoint(View):
    index: int
    bits: float | None
    r: float | None


class ScoreSummaryView(View):
    """How simulation r of one method is distributed over the explained units of one site."""

    model: str
    site: str
    kind: str
    layer: int
    run_id: int
    method: str
    split: str
    n_units_of_site: int
    n_units_of_kind: int
    """Of all the model's sites of this kind, explained or not."""
    n_units: int
    """Explained until now, in random order: a uniform sample of the site."""
    n_scored: int
    n_undefined: int
    n_failed: int
    n_better: int
    """Better than shuffled, at a false discovery rate of 5 % over all units of the run."""
    mean_r: float | None
    """Over all units explained: without a program, or undefined, counts as 0."""
    lookup_mean_r: float | None
    """The same of the whole token lookup over the very same units; null where that run did not
    score it on them."""
    quantiles: list[float]
    """Percentiles 0 to 100 of r over the same units, with the same 0; empty where nothing is
    scored."""
    points: list[ScorePoint]
    """At most 64 of the units that have an r, chosen at random."""
