"""What happened around a model, as whoever sees it is told: never what a verdict or vote was."""

from datetime import datetime
from typing import Final, Literal

from app.store.views.base import View

ActivityKind = Literal[
    "explained", "judged", "commented", "voted", "decided", "campaigned", "circuits", "experiments",
    "tasks", "vectors",
]  # fmt: skip

ACTIONS: Final[dict[ActivityKind, tuple[str, ...]]] = {
    "explained": (
        "explanation.created", "explanation.edited", "explanation.withdrawn",
        "explanations.imported",
    ),
    "judged": ("explanation.judged", "explanation.judgement_taken_back"),
    "commented": ("comment.written", "comment.edited", "comment.withdrawn"),
    "voted": ("explanation.voted", "explanation.vote_taken_back"),
    "decided": ("explanation.decided",),
    "campaigned": (
        "campaign.created", "campaign.guidelines_written", "campaign.paused",
        "campaign.resumed", "campaign.ended",
    ),
    "circuits": ("circuit.created", "circuit.renamed", "circuit.deleted", "proof.created"),
    "experiments": ("experiment.created", "experiment.forked"),
    "tasks": ("task.created", "task.deleted"),
    "vectors": ("vector.created", "vector.deleted"),
}  # fmt: skip
"""Of the audit log, by kind. What is not here is nobody's business but an administrator's: what
was exported, who signed in, and what is somebody's own."""


class ActivityLine(View):
    id: int
    """Of its row of the audit log."""
    at: datetime
    actor: str
    kind: ActivityKind
    action: str
    subject: str
    """`explanation 7`"""
    site: str | None
    """Of the unit that it is about, while that can be told."""
    index: int | None
    explanation_id: int | None
    comment_id: int | None
    circuit: str | None
    experiment: str | None
    says: str
    """Of an explanation its text, of a circuit its title; empty where it is gone, or withheld."""
