"""Puts what concerns somebody into their inbox, and marks it as read.

Whoever acts is never told of what they did; whoever does not see the model is told nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.audit.noting import note
from app.store.mentions import seeing_among
from app.store.paging import is_integer
from app.store.tables import ExplanationTable, NoticeTable
from app.store.topics import Topic
from app.store.views.account import LOCAL_OWNER
from app.store.views.notice import NoticeKind

MOST_AT_ONCE: Final = 200


def tell(
    session: Session,
    recipients: Iterable[str],
    *,
    kind: NoticeKind,
    actor: str,
    model_id: int,
    comment_id: int | None = None,
    explanation_id: int | None = None,
) -> list[str]:
    """Who was told: those of them who see the model, and were not told of the comment before."""
    names = [name for name in dict.fromkeys(recipients) if name != actor]
    if not names:
        return []
    seeing = seeing_among(session, names, model_id=model_id)
    now = datetime.now(UTC)
    rows = [
        {
            "recipient": name, "kind": kind, "actor": actor, "model_id": model_id,
            "comment_id": comment_id, "explanation_id": explanation_id, "created_at": now,
        }
        for name in names
        if name in seeing and name != LOCAL_OWNER
    ]  # fmt: skip
    if not rows:
        return []
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    told = session.scalars(
        dialect.insert(NoticeTable)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(NoticeTable.recipient)
    )
    return list(told)


def tell_of_decision(session: Session, *, topic: Topic, actor: str) -> list[str]:
    """The person who wrote the explanation that somebody decided about, where a person did."""
    author = session.scalar(
        select(ExplanationTable.author).where(
            ExplanationTable.id == topic.explanation_id, ExplanationTable.method == "hand"
        )
    )
    return tell(
        session, [] if author is None else [author], kind="decision", actor=actor,
        model_id=topic.model_id, explanation_id=topic.explanation_id,
    )  # fmt: skip


def forget_comment(session: Session, *, comment_id: int) -> None:
    """Nobody is told any more of what was withdrawn."""
    session.execute(delete(NoticeTable).where(NoticeTable.comment_id == comment_id))


def mark_read(session: Session, *, recipient: str, ids: Sequence[int] | None = None) -> int:
    """How many were unread until now; `ids` None: all. Others' are left alone."""
    wanted = [NoticeTable.recipient == recipient, NoticeTable.read_at.is_(None)]
    if ids is not None:
        wanted.append(NoticeTable.id.in_([number for number in ids if is_integer(number)]))
    done = session.execute(
        update(NoticeTable)
        .where(*wanted)
        .values(read_at=datetime.now(UTC))
        .returning(NoticeTable.id)
    )
    n = len(done.all())
    if n:
        note(
            session, actor=recipient, action="inbox.read", subject=f"account {recipient}",
            after={"notices": n},
        )  # fmt: skip
    return n
