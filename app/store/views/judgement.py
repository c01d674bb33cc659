"""What people make of an explanation, as shown."""

from datetime import datetime
from typing import Final, Literal

from app.store.views.base import View

Verdict = Literal["accept", "edit", "reject", "unsure"]
Until = Literal["judged", "ended"]

VERDICTS: Final[dict[Verdict, str]] = {
    "accept": "It says what the unit does.",
    "edit": "There is something in it; another wording or program would be right.",
    "reject": "It says something else than what the unit does.",
    "unsure": "The evidence here does not decide it.",
}
SPECIFICITY: Final = {
    1: "it fires mostly on other things",
    2: "more on other things than on this",
    3: "about as often on other things",
    4: "seldom on other things",
    5: "on nothing else that is shown",
}
SENSITIVITY: Final = {
    1: "it is nearly always silent on this",
    2: "more often silent than not",
    3: "it fires on about half of it",
    4: "it misses a few",
    5: "it fires on all of it that is shown",
}


class JudgementView(View):
    id: int
    explanation_id: int
    actor: str
    verdict: Verdict
    specificity: int | None
    """1 to 5: whether the unit fires on nothing else."""
    sensitivity: int | None
    """1 to 5: whether it fires wherever the explanation says."""
    several_meanings: bool
    """The unit does more than one thing."""
    tags: list[str]
    note: str
    created_at: datetime


class JudgementsView(View):
    """What one person is shown of the judgements of an explanation."""

    has_a_say: bool
    """Whether they may judge it: it counts, and they have the right."""
    own: JudgementView | None
    n_others: int
    others: list[JudgementView] | None
    """Null: what others think would sway them, or is kept until a campaign has ended."""
    until: Until | None
    """What others' judgements wait for: that this person has `judged` it, or that the campaign
    that it is in has `ended`; null: for nothing."""
