"""Explanations held to what happens when the network is edited: badges, scores, predictions."""

from datetime import datetime
from typing import Final, Literal

from app.store.views.base import View

Badge = Literal["predicts", "controls", "replaces"]
Standing = Literal["earned", "refuted", "undecided"]
"""Both as in `analysis.score.badges`, which decides; a contract test compares them."""
CausalName = Literal["ablation_to_simulation", "replacement", "control_precision", "control_sign"]
BADGES: Final[tuple[Badge, ...]] = ("predicts", "controls", "replaces")


class BadgeView(View):
    """A claim of an explanation that was tested; one that was not has no badge."""

    name: Badge
    standing: Standing
    """undecided: the border lies in the 95 % interval, or there is none."""
    reason: str | None
    """Why it is undecided, where that is known."""


class CausalScoreView(View):
    score: CausalName
    split: str
    status: Literal["ok", "undefined", "failed"]
    reason: str | None
    """Why there is no value, or no interval."""
    value: float | None
    low: float | None
    """Of the 95 % interval, bootstrapped by document."""
    high: float | None
    foil: float | None
    """The same of another unit's explanation through a line fitted on calibration; of control, of
    the same tokens when random other units are moved by as many of their standard deviations: the
    mean over them."""
    lookup_cut: float | None
    """The same of the token lookup cut to as many tokens as the program lists; null: not run."""
    difference: float | None
    """Value less foil, with the interval of that: both are of the same documents."""
    difference_low: float | None
    difference_high: float | None
    p: float | None
    """Of control: the share of the random units and this one that do as well as this one."""
    n_others: int | None
    """Of control: random other units of the site that were moved."""
    foil_unit: int | None
    """Index of the other unit, of the same site."""
    mean_loss: float | None
    """Of replacement: what the unit's mean in its place costs, in nats per position."""
    n_windows: int
    n_documents: int
    n_positions: int
    """At which the output was looked at."""
    measured_at: datetime
    """When the runs that it comes from began."""
    run_id: int


class MovedToken(View):
    token: int
    text: str
    change: float | None
    """Of its log-probability, in nats, mean over the positions looked at; null: not measured."""
    other: float | None
    """The same when random other units are moved: the mean over them."""


class PredictionView(View):
    """What was said before the unit was moved."""

    id: int
    run_id: int
    created_at: datetime
    """When it was committed; `measured_at` of the control scores is when the runs began."""
    sha256: str
    """Of `content`, as UTF-8."""
    hash_holds: bool
    """Whether the content still has this hash."""
    source: str
    """Where the named tokens are from."""
    k: float
    """How many standard deviations beyond its mean the unit is held."""
    value: float
    """The activation that it is held at."""
    risers: list[MovedToken]
    fallers: list[MovedToken]
    content: str


class EarlierEvidence(View):
    """What an earlier run on the same explanation came to."""

    run_id: int
    badges: list[BadgeView]
    """controls and replaces, as far as they were tested."""


class CausalEvidenceView(View):
    explanation_id: int
    badges: list[BadgeView]
    scores: list[CausalScoreView]
    prediction: PredictionView | None
    missing: str | None
    """Why there are no causal scores; null where there are."""
    earlier: list[EarlierEvidence]
    """Tests before those that are shown, newest first: what counts is the newest."""


class CausalLine(View):
    """An explanation in a table of causal scores."""

    explanation_id: int
    model: str
    site: str
    index: int
    method: str
    badges: list[BadgeView]
    scores: list[CausalScoreView]


class CausalSummaryView(View):
    """How many of a site's randomly chosen units earned a badge."""

    model: str
    site: str
    layer: int
    run_id: int
    split: str
    badge: Badge
    n_units_of_site: int
    n_units: int
    """Chosen at random and done until now; the four counts make it up."""
    n_earned: int
    n_refuted: int
    n_undecided: int
    n_untested: int
    """Without an explanation that could be tested."""
    n_valued: int
    mean: float | None
    """Of r, ablation to simulation or precision at 10, over the units that have a value."""
    median: float | None
    by_luck: float
    """So many units at most would be expected to earn it if no explanation were of its unit."""


class SiteReplacementView(View):
    """All units of a site that have a program, replaced by their programs at once."""

    model: str
    site: str
    layer: int
    run_id: int
    score: CausalName
    split: str
    n_units_of_site: int
    n_replaced: int
    status: Literal["ok", "undefined", "failed"]
    reason: str | None
    value: float | None
    """Against all of them at their means."""
    low: float | None
    high: float | None
    foil: float | None
    """The same with each unit replaced by another's explanation."""
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    n_windows: int
    n_documents: int
    n_positions: int


class EvidenceRunView(View):
    """The run that the counts are of."""

    run_id: int
    status: str
    site: str | None
    """Where only one site was asked for."""


class ModelEvidenceView(View):
    model: str
    run: EvidenceRunView | None
    """The newest over all sites that has finished, or else the newest; null: there is none."""
    summaries: list[CausalSummaryView]
    sites: list[SiteReplacementView]
