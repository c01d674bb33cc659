"""That something changed: what, and where; not what it is now."""

from typing import Final, Literal

from app.store.views.base import View

NewsKind = Literal[
    "comments", "votes", "judgements", "decisions", "explanations", "circuits", "campaigns",
    "inbox", "everything",
]  # fmt: skip

KINDS: Final[dict[str, NewsKind]] = {
    "comment.written": "comments",
    "comment.edited": "comments",
    "comment.withdrawn": "comments",
    "explanation.voted": "votes",
    "explanation.vote_taken_back": "votes",
    "explanation.judged": "judgements",
    "explanation.judgement_taken_back": "judgements",
    "explanation.created": "explanations",
    "explanation.edited": "explanations",
    "explanation.withdrawn": "explanations",
    "explanation.decided": "decisions",
    "circuit.created": "circuits",
    "circuit.renamed": "circuits",
    "circuit.deleted": "circuits",
    "campaign.created": "campaigns",
    "campaign.ended": "campaigns",
    "campaign.skipped": "campaigns",
    "inbox.read": "inbox",
}
"""By what the audit log calls it."""


class NewsView(View):
    kind: NewsKind
    """`everything`: too much happened to tell."""
    model: str | None = None
    site: str | None = None
    index: int | None = None
    explanation_id: int | None = None
    circuit: str | None = None
