"""Explanations whose judgements disagree, as shown to whoever settles it."""

from datetime import datetime
from typing import Final, Literal

from app.store.views.base import View
from app.store.views.decision import DecisionView
from app.store.views.explanation import Method, Status
from app.store.views.judgement import JudgementView

State = Literal["open", "settled", "all"]
About = Literal["any", "verdict", "steps"]
APART: Final = 2
"""Steps of specificity or sensitivity between two people from which on they disagree."""


class SpreadView(View):
    """The steps that people gave on one question."""

    low: int
    high: int


class DisagreementLine(View):
    explanation_id: int
    model: str
    site: str
    index: int
    text: str
    method: Method
    author: str
    status: Status
    version: int
    n: int
    """Judgements that count."""
    verdicts: dict[str, int]
    """How many gave each."""
    specificity: SpreadView | None
    sensitivity: SpreadView | None
    amount: float
    """What the list is sorted by. Over all pairs of people the mean of: 2 where one accepts and the
    other rejects, 1 where their verdicts differ otherwise, 0 where they are the same; and, of each
    scale on which somebody is two steps from another, the distance between the ends over 4."""
    decision: DecisionView | None
    """The one that counts."""
    n_since: int
    """Judgements that were given after it."""


class GivenView(JudgementView):
    """One person's judgement beside those of others."""

    origin: str | None
    """Where it was made, if elsewhere."""
    seconds: float | None
    """From when it was shown to the answer; null where nobody measured it."""
    campaign: str | None
    """Slug of the campaign that it was given in, without seeing others'."""
    several_meanings: bool | None  # type: ignore[assignment]  # here it may not have been asked
    """Null: it was not asked."""
    guideline: int | None
    """Version of what its author was told."""
    replaced_at: datetime | None
    """When its author said otherwise, where that does not count."""


class DisputeView(DisagreementLine):
    """One explanation with all that people said of it."""

    program: str | None
    judgements: list[GivenView]
    history: list[DecisionView]
    """All decisions, the newest first."""
    has_judged: bool
    """Whether whoever asks is one of those who disagree."""
    expected: str | None
    """The verdict that is known to be right, of a gold item."""
    campaign: str | None


class PlaceInList(View):
    """Where an explanation stands among those that are left."""

    number: int | None
    """From 1; null: it is not among them."""
    of: int
    before: int | None
    after: int | None
    """Neighbours, by id."""
