"""People vote on explanations; each has one vote on each version.

with open_session(engine, commit=True) as session:
    vote(session, explanation_id=7, actor="ada", value=1)
"""

from datetime import UTC, datetime

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.audit.noting import note
from app.store.queries.blindness import is_blind_for
from app.store.queries.comment import WITHHELD
from app.store.queries.judgement import JUDGED
from app.store.tables import ExplanationTable, VoteTable
from app.store.topics import Topic, explanation_topic
from app.store.writing_explanations import storable

log = structlog.get_logger("patchclamp.store")


def vote(session: Session, *, explanation_id: int, actor: str, value: int) -> None:
    """1 or -1, in the place of the vote before; 0 takes it back. Who votes twice at once has one.

    Raises NotFoundError, BadRequestError, and ConflictError where a campaign may yet ask this
    person about the explanation, or where it does not count any more.
    """
    if value not in (-1, 0, 1):
        raise BadRequestError(f"{value} is no vote.", hint="Give 1 or -1, or take it back.")
    topic = explanation_topic(session, explanation_id=explanation_id)
    if value == 0:
        _take_back(session, topic, actor)
        return
    if is_blind_for(session, explanation_id, actor):
        raise ConflictError(WITHHELD, hint="Vote once you have answered, or skipped it.")
    status = session.scalar(
        select(ExplanationTable.status).where(ExplanationTable.id == explanation_id)
    )
    if status not in JUDGED:
        raise ConflictError(
            f"Explanation {explanation_id} does not count any more: it was {status}.",
            hint="Vote on the version that counts now; its page leads there.",
        )
    known = session.scalar(
        select(VoteTable.value).where(
            VoteTable.explanation_id == explanation_id, VoteTable.actor == storable(actor)
        )
    )
    if known == value:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(VoteTable).values(
        explanation_id=explanation_id,
        actor=storable(actor),
        value=value,
        created_at=datetime.now(UTC),
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[VoteTable.explanation_id, VoteTable.actor],
            set_={"value": statement.excluded.value, "created_at": statement.excluded.created_at},
        )
    )
    log.info("explanation.voted", explanation=explanation_id, actor=actor, value=value)
    note(
        session, actor=actor, action="explanation.voted", model=topic.model,
        subject=topic.told, before=None if known is None else {"value": known},
        after={"value": value},
    )  # fmt: skip


def _take_back(session: Session, topic: Topic, actor: str) -> None:
    gone = session.scalar(
        delete(VoteTable)
        .where(VoteTable.explanation_id == topic.explanation_id, VoteTable.actor == storable(actor))
        .returning(VoteTable.value)
    )
    if gone is not None:
        log.info("explanation.vote_taken_back", explanation=topic.explanation_id, actor=actor)
        note(
            session, actor=actor, action="explanation.vote_taken_back", model=topic.model,
            subject=topic.told, before={"value": gone},
        )  # fmt: skip
