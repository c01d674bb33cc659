"""A reviewer settles what people make of an explanation; a later decision takes the place of it.

with open_session(engine, commit=True) as session:
    decide(session, Asked(...), explanation_id=7, actor="rho", ruling=Ruling("accept", "…"))
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, get_args

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.audit.noting import note
from app.store.claiming import Claim, edit_explanation
from app.store.judging import locked_explanation
from app.store.noticing import tell_of_decision
from app.store.queries.asked_judgements import Asked
from app.store.queries.decision import decision_counting
from app.store.queries.explanation import no_explanation
from app.store.tables import DecisionTable
from app.store.topics import explanation_topic
from app.store.unblinding import take_away
from app.store.views.decision import DecisionView
from app.store.views.judgement import Verdict
from app.store.writing_explanations import storable

log = structlog.get_logger("patchclamp.store")

LONGEST_REASON: Final = 10_000


@dataclass(frozen=True)
class Ruling:
    verdict: Verdict
    reason: str
    seen: int | None = None
    """The decision that counted when the reviewer looked; None: there was none."""
    merged: Claim | None = None
    """What becomes the next version of the explanation."""

    def check(self) -> None:
        """Raises BadRequestError."""
        if self.verdict not in get_args(Verdict):
            raise BadRequestError(
                f"{self.verdict!r} is no verdict.", hint=f"Known: {', '.join(get_args(Verdict))}."
            )
        if self.merged is not None and self.verdict != "edit":
            raise BadRequestError(
                "A new version says that this one was to be edited.",
                hint="Decide for `edit`, or leave the new version out.",
            )
        reason = self.reason.strip()
        if not reason:
            raise BadRequestError(
                "A decision needs its reason.", hint="Those who said otherwise will read it."
            )
        if len(reason) > LONGEST_REASON:
            raise BadRequestError(
                "The reason is too long.", hint=f"Take {LONGEST_REASON:,} characters at most."
            )


def decide(
    session: Session, asked: Asked, *, explanation_id: int, actor: str, ruling: Ruling
) -> DecisionView:
    """Raises NotFoundError, BadRequestError, and ConflictError where somebody else has decided
    meanwhile, or a new version is to be written of what counts no more."""
    ruling.check()
    explained = locked_explanation(session, explanation_id)
    if explained.model != asked.model:
        raise no_explanation(explanation_id)
    before = decision_counting(
        session, explanation_id=explanation_id, campaign_id=asked.campaign_id
    )
    check_seen(before, ruling.seen)
    merged = None
    if ruling.merged is not None:
        merged = edit_explanation(
            session, explanation_id=explanation_id, claim=ruling.merged, actor=actor
        )
    now = datetime.now(UTC)
    session.execute(
        update(DecisionTable)
        .where(DecisionTable.explanation_id == explanation_id, DecisionTable.replaced_at.is_(None))
        .values(replaced_at=now)
    )
    row = DecisionTable(
        explanation_id=explanation_id,
        campaign_id=asked.campaign_id,
        actor=actor,
        verdict=ruling.verdict,
        reason=storable(ruling.reason.strip()),
        merged_id=None if merged is None else merged.id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    take_away(session, explanation_id=explanation_id, actor=actor)
    log.info("explanation.decided", explanation=explanation_id, actor=actor, verdict=row.verdict)
    after = {
        "verdict": row.verdict, "reason": row.reason, "campaign": asked.campaign,
        "merged": row.merged_id,
    }  # fmt: skip
    note(
        session, actor=actor, action="explanation.decided", model=explained.model,
        subject=f"explanation {explanation_id}",
        before=None if before is None
        else {"verdict": before.verdict, "reason": before.reason, "by": before.actor},
        after=after,
    )  # fmt: skip
    topic = explanation_topic(session, explanation_id=explanation_id)
    tell_of_decision(session, topic=topic, actor=actor)
    decided = decision_counting(session, explanation_id=explanation_id)
    assert decided is not None  # noqa: S101 - just written
    return decided


def check_seen(before: DecisionView | None, seen: int | None) -> None:
    """Raises ConflictError where what counts is not what the reviewer has seen."""
    if (None if before is None else before.id) == seen:
        return
    if before is None:
        raise ConflictError(
            "The decision that you saw counts no more.", hint="Look again, then decide."
        )
    raise ConflictError(
        f"{before.actor} has decided meanwhile: {before.verdict}, because “{before.reason}”.",
        hint="Read it; then decide again if you still see it otherwise.",
    )
