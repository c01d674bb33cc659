"""How a disagreement was settled, as shown."""

from datetime import datetime

from app.store.views.base import View
from app.store.views.judgement import Verdict


class DecisionView(View):
    """A reviewer's last word on one version of one explanation; a later one takes its place."""

    id: int
    explanation_id: int
    campaign: str | None
    """Slug of the campaign whose judgements were settled; null: those of the explanation's own
    page."""
    actor: str
    verdict: Verdict
    reason: str
    merged_id: int | None
    """The version that was written from what people said, where there is one."""
    created_at: datetime
    replaced_at: datetime | None
    """When a later decision took its place; null: it counts."""


class DecisionsView(View):
    """What one person is shown of the decisions of an explanation."""

    decisions: list[DecisionView] | None
    """The newest first; null: they would sway this person, who is yet to judge."""
