"""People comment on units, explanations and circuits; edit what they wrote, and withdraw it.

with open_session(engine, commit=True) as session:
    topic = unit_topic(session, model="gpt2", site="mlp.0", index=3)
    comment(session, topic, text="Months again, see mlp.1/7. @bo?", actor="ada")
"""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError, ForbiddenError
from app.store.audit.noting import note
from app.store.mentions import mentioned
from app.store.noticing import forget_comment, tell
from app.store.queries.blindness import is_blind_for
from app.store.queries.comment import WITHHELD, get_comment, no_comment, require_comment
from app.store.tables import CommentTable, ExplanationTable, ModelTable
from app.store.topics import Topic
from app.store.views.comment import LONGEST_COMMENT, MOST_REPLIES, CommentView
from app.store.writing_explanations import storable

log = structlog.get_logger("patchclamp.store")


def comment(
    session: Session, topic: Topic, *, text: str, actor: str, parent_id: int | None = None
) -> CommentView:
    """Tells those whom it mentions, those who spoke in the thread, and the explanation's author.

    A reply to a reply goes to the end of the thread. Raises NotFoundError where what it replies to
    is not about the same, BadRequestError, and ConflictError where a campaign may yet ask its
    author about the explanation.
    """
    said = checked(text)
    if topic.explanation_id is not None and is_blind_for(session, topic.explanation_id, actor):
        raise ConflictError(WITHHELD, hint="Comment once you have answered, or skipped it.")
    thread = None if parent_id is None else _thread(session, topic, parent_id)
    names = mentioned(session, said, model_id=topic.model_id)
    number = session.execute(
        insert(CommentTable)
        .values(
            **topic.columns,
            parent_id=thread,
            actor=storable(actor),
            text=said,
            mentions=names,
            created_at=datetime.now(UTC),
        )
        .returning(CommentTable.id)
    ).scalar_one()
    told = _tell(session, topic, number, thread=thread, actor=actor, names=names)
    log.info("comment.written", comment=number, model=topic.model, on=topic.told, actor=actor)
    note(
        session, actor=actor, action="comment.written", model=topic.model,
        subject=f"comment {number}", after={"on": topic.told, "text": said, "told": told},
    )  # fmt: skip
    return get_comment(session, comment_id=number)


def edit_comment(session: Session, *, comment_id: int, text: str, actor: str) -> CommentView:
    """Only its author does, and it says so from then on. Tells those whom it did not mention
    before. Raises NotFoundError, ForbiddenError, BadRequestError, ConflictError of what was
    withdrawn."""
    said = checked(text)
    row = _locked(session, comment_id)
    if row.actor != actor:
        raise ForbiddenError(
            "Only its author edits a comment.", hint="Reply to it, or ask its author."
        )
    if row.withdrawn_at is not None:
        raise ConflictError("The comment was withdrawn.", hint="Write another one.")
    if row.text == said:
        return get_comment(session, comment_id=comment_id)
    names = mentioned(session, said, model_id=row.model_id)
    session.execute(
        update(CommentTable)
        .where(CommentTable.id == comment_id)
        .values(text=said, mentions=names, edited_at=datetime.now(UTC))
    )
    new = [name for name in names if name not in row.mentions]
    told = tell(
        session, new, kind="mention", actor=actor, model_id=row.model_id, comment_id=comment_id
    )
    log.info("comment.edited", comment=comment_id, actor=actor)
    note(
        session, actor=actor, action="comment.edited", model=row.model,
        subject=f"comment {comment_id}", before={"text": row.text},
        after={"text": said, "told": told},
    )  # fmt: skip
    return get_comment(session, comment_id=comment_id)


def withdraw_comment(session: Session, *, comment_id: int, actor: str) -> CommentView:
    """A place holder stays, and what was replied to it; done twice, nothing happens. Whoever asks
    is its author or may withdraw what others wrote: the route sees to it. Raises NotFoundError."""
    row = _locked(session, comment_id)
    if row.withdrawn_at is None:
        session.execute(
            update(CommentTable)
            .where(CommentTable.id == comment_id)
            .values(withdrawn_at=datetime.now(UTC), withdrawn_by=storable(actor))
        )
        forget_comment(session, comment_id=comment_id)
        log.info("comment.withdrawn", comment=comment_id, actor=actor)
        note(
            session, actor=actor, action="comment.withdrawn", model=row.model,
            subject=f"comment {comment_id}", before={"by": row.actor, "text": row.text},
        )  # fmt: skip
    return get_comment(session, comment_id=comment_id)


def checked(text: str) -> str:
    """As it is stored. Raises BadRequestError."""
    said = storable(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not said:
        raise BadRequestError("The comment says nothing.", hint="Write what you see.")
    if len(said) > LONGEST_COMMENT:
        raise BadRequestError(
            f"The comment has {len(said):,} characters.",
            hint=f"Say it in {LONGEST_COMMENT:,} at most.",
        )
    return said


def _locked(session: Session, comment_id: int) -> Row[*tuple[Any, ...]]:
    """Against others who change it now. Raises NotFoundError."""
    require_comment(session, comment_id)
    query = (
        select(
            CommentTable.actor, CommentTable.text, CommentTable.mentions, CommentTable.model_id,
            CommentTable.withdrawn_at, ModelTable.name.label("model"),
        )
        .join(ModelTable, ModelTable.id == CommentTable.model_id)
        .where(CommentTable.id == comment_id)
        .with_for_update(of=CommentTable)
    )  # fmt: skip
    row = session.execute(query).one_or_none()
    if row is None:
        raise no_comment(comment_id)
    return row


def _thread(session: Session, topic: Topic, parent_id: int) -> int:
    """The comment that the thread begins with."""
    row = require_comment(session, parent_id)
    if topic.explanation_id is None:
        same = row.explanation_id is None and (row.site_id, row.unit_index, row.circuit_id) == (
            topic.site_id, topic.unit_index, topic.circuit_id,
        )  # fmt: skip
    else:
        same = row.origin_id == topic.origin_id
    if not same:
        raise no_comment(parent_id)
    thread = int(row.parent_id or row.id)
    n_replies = select(func.count()).where(CommentTable.parent_id == thread)
    if session.scalars(n_replies).one() >= MOST_REPLIES:
        raise ConflictError(
            f"The thread has {MOST_REPLIES} replies already.", hint="Begin another one."
        )
    return thread


def _tell(
    session: Session,
    topic: Topic,
    number: int,
    *,
    thread: int | None,
    actor: str,
    names: list[str],
) -> list[str]:
    """Everybody once, for what concerns them most."""
    given = partial(tell, session, actor=actor, model_id=topic.model_id, comment_id=number)
    told = given(names, kind="mention")
    if thread is not None:
        spoken = select(CommentTable.actor).distinct()
        spoken = spoken.where((CommentTable.id == thread) | (CommentTable.parent_id == thread))
        told += given(session.scalars(spoken), kind="reply")
    if topic.explanation_id is not None:
        author = select(ExplanationTable.author).where(
            ExplanationTable.id == topic.explanation_id, ExplanationTable.method == "hand"
        )
        told += given(session.scalars(author), kind="comment")
    return told
