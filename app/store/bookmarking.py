"""What people mark to find it again, each for themselves."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.audit.noting import note
from app.store.paging import is_integer
from app.store.queries.bookmark import require_marked, which
from app.store.tables import BookmarkTable, ModelTable
from app.store.topics import Topic
from app.store.views.bookmark import BookmarkView
from app.store.writing_explanations import storable

LONGEST_NOTE: Final = 2_000


def bookmark(
    session: Session, topic: Topic, *, actor: str, note_text: str | None = None
) -> BookmarkView:
    """Marked once, however often it is asked for; `note_text` None leaves the note as it was.
    Raises BadRequestError."""
    said = None if note_text is None else storable(note_text).strip()
    if said is not None and len(said) > LONGEST_NOTE:
        raise BadRequestError(
            "The note is too long.", hint=f"Take {LONGEST_NOTE:,} characters at most."
        )
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    added = session.scalar(
        dialect.insert(BookmarkTable)
        .values(**topic.columns, actor=actor, note=said or "", created_at=datetime.now(UTC))
        .on_conflict_do_nothing()
        .returning(BookmarkTable.id)
    )
    if added is None and said is not None:
        session.execute(update(BookmarkTable).where(*which(topic, actor)).values(note=said))
    if added is not None or said is not None:
        note(
            session, actor=actor, action="bookmark.kept", model=topic.model, subject=topic.told,
            after={"note": said or ""},
        )  # fmt: skip
    return require_marked(session, topic, actor=actor)


def unmark(session: Session, topic: Topic, *, actor: str) -> bool:
    """Whether it was marked."""
    gone = session.scalar(
        delete(BookmarkTable).where(*which(topic, actor)).returning(BookmarkTable.note)
    )
    if gone is None:
        return False
    note(
        session, actor=actor, action="bookmark.removed", model=topic.model, subject=topic.told,
        before={"note": gone},
    )  # fmt: skip
    return True


def remove_bookmark(session: Session, *, bookmark_id: int, actor: str) -> None:
    """One's own. Raises NotFoundError of others', as of what is none."""
    gone = None
    if is_integer(bookmark_id):
        gone = session.execute(
            delete(BookmarkTable)
            .where(BookmarkTable.id == bookmark_id, BookmarkTable.actor == actor)
            .returning(BookmarkTable.note, BookmarkTable.model_id)
        ).one_or_none()
    if gone is None:
        raise NotFoundError(
            f"You have no bookmark {bookmark_id}.", hint="Your bookmarks are at /bookmarks."
        )
    note(
        session, actor=actor, action="bookmark.removed",
        model=session.get_one(ModelTable, gone.model_id).name,
        subject=f"bookmark {bookmark_id}", before={"note": gone.note},
    )  # fmt: skip
