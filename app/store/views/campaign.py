"""Campaigns as shown, and what they hand out: nothing here tells an annotator what would sway
them."""

from datetime import datetime
from typing import Final, Literal

from app.store.choice import Choice
from app.store.views.base import View
from app.store.views.judgement import JudgementView, Verdict
from app.store.views.unit import ExemplarView

Status = Literal["open", "paused", "ended"]
Question = Literal["specificity", "sensitivity", "several_meanings", "tags", "note"]
QUESTIONS: Final[dict[Question, str]] = {
    "specificity": "does it fire on nothing else? 1 to 5",
    "sensitivity": "does it fire wherever this is? 1 to 5",
    "several_meanings": "does it have several meanings?",
    "tags": "words of one's own",
    "note": "why, in words",
}
State = Literal["item", "nothing", "busy", "paused", "ended"]


class CampaignLine(View):
    slug: str
    """What it is called in addresses, beside its model."""
    model: str
    title: str
    status: Status
    n_items: int
    n_per_item: int
    """Judgements that each item is to get, of as many people."""
    n_judged: int
    """Judgements given."""
    actor: str
    created_at: datetime
    ended_at: datetime | None


class GuidelineView(View):
    version: int
    markdown: str
    actor: str
    created_at: datetime


class CampaignView(CampaignLine):
    questions: list[Question]
    """Asked besides the verdict; none has to be answered."""
    lease_seconds: int
    """For how long an item that was handed to somebody is kept for them."""
    choice: Choice | None
    """How its items were chosen; null for whoever may not review it, until it has ended: with the
    seed they could tell gold items from others."""
    n_candidates: int | None
    """Units that there were to draw from; null as the choice."""
    n_gold: int | None
    """Items with a known answer; null as the choice."""
    guidelines: GuidelineView
    """The newest."""


class AnnotatorView(View):
    actor: str
    n_judged: int
    n_skipped: int
    seconds: float | None
    """Median from shown to answered; null where it was never measured."""
    n_gold: int | None
    """Gold items judged; null for whoever may not review."""
    n_gold_right: int | None
    n_peeked: int | None
    """Items that they judged after looking at the scores while they held them; null as gold."""
    reviews: bool | None
    """Whether they may review, so that they could see what others said; null as gold."""


class SkipView(View):
    """For reviewers."""

    site: str
    index: int
    explanation_id: int
    actor: str
    reason: str
    ended_at: datetime


class ProgressView(View):
    n_items: int
    n_items_done: int
    """That have all of their judgements."""
    n_wanted: int
    """Judgements."""
    n_judged: int
    n_held: int
    """Items that somebody has now."""
    n_skipped: int
    annotators: list[AnnotatorView]
    """By name."""
    skips: list[SkipView] | None
    """The newest 50; null for whoever may not review."""


class DraftView(View):
    """What somebody was about to answer."""

    verdict: Verdict | None = None
    specificity: int | None = None
    sensitivity: int | None = None
    several_meanings: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""
    seconds: float | None = None
    """Spent on it until then."""


class AssignmentView(View):
    """One explanation to judge, without who or what made it and how it was scored."""

    id: int
    model: str
    site: str
    index: int
    text: str
    state: Literal["leased", "lapsed"]
    leased_until: datetime
    guideline_version: int
    """The newest."""
    draft: DraftView | None


class SampleView(View):
    """Windows drawn at random."""

    n: int
    """That there were to draw from."""
    items: list[ExemplarView]
    """Of those drawn; no window is shown twice."""
    above: list[int]
    """Windows that were drawn too, and stand in a list before this one."""


class HalfView(View):
    """One tail of the unit's activations, and what the explanation says of it."""

    tail: Literal["upper", "lower"]
    is_firing: bool
    """Whether it is the tail that the unit fires on, which scores judge."""
    is_claimed: bool
    """Whether the explanation tells this tail from the other, and says something of it."""
    threshold: float | None
    """Beyond which it fires (or falls, where the tail is the other one): what 1 % of the positions
    of fit are; null where that is not known."""
    words: list[str]
    """Of the explanation, for this tail: what is looked for. The first 40."""
    n_met: int
    """Windows with a word where it fires there, or up to `reach` tokens after it."""
    n_silent: int
    """Windows with a word in which it fires nowhere: near misses."""
    top: list[ExemplarView]
    """Those that are farthest out."""
    occurs: SampleView
    """Windows with a word of the explanation, each at the word."""
    fires: SampleView
    """Windows in which it fires, whatever they say."""
    near_misses: list[int]
    """Windows of `occurs` in which it fires nowhere."""
    nearest: list[ExemplarView]
    """Other silent windows, which come nearest to firing."""


class ShownWindows(View):
    """What an explanation is judged by: windows of test, on which nothing was fitted, chosen by
    the unit's activations and the explanation's words alone; for all annotators the same."""

    model: str
    site: str
    index: int
    run_id: int
    split: str
    n_windows: int
    """Of the pool that is counted and drawn from; 0: there is none."""
    counted_from: int
    scale: float
    """The largest magnitude of what is shown."""
    reach: int
    """Tokens after a word within which firing counts as firing at it."""
    halves: list[HalfView]
    """The tail that the unit fires on; then the other one, where the explanation speaks of it."""
    random: SampleView
    """Of all windows."""
    rules: list[str]
    """Every rule, where the explanation is what a program says of itself; its text names the
    strongest ones."""
    missing: str | None
    """Why there are only top windows."""


class OwnProgress(View):
    n_judged: int
    n_skipped: int
    n_judged_by_all: int
    n_wanted: int


class NextView(View):
    state: State
    """item; nothing: there is none left for this person; busy: others hold what is left just now;
    paused, ended."""
    assignment: AssignmentView | None
    own: OwnProgress
    new_guidelines: int | None
    """The version of the guidelines, if it is newer than what this person was last shown."""


class KeptView(View):
    """What became of a draft."""

    state: Literal["leased", "lapsed"]
    leased_until: datetime
    guideline_version: int
    """The newest: read it, if it is not the one that is shown."""


class SubmittedView(View):
    judgement: JudgementView
    following: NextView
    """What comes next."""


class SkippedView(View):
    following: NextView
    """What comes next."""
