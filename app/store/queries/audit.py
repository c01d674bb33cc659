"""The audit log as the interface sees it: newest first, narrowed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.audit.shortening import storable
from app.store.paging import LARGEST_PAGE, check_limit, read_cursor, write_cursor
from app.store.tables.audit import AuditTable
from app.store.views.audit import AuditLine
from app.store.views.base import Page

SORT: Final = "audit"
COLUMNS: Final = tuple(AuditTable.__table__.columns)


@dataclass(frozen=True)
class Wanted:
    """Which rows; None: all of them."""

    actor: str | None = None
    action: str | None = None
    """Or what comes before its dot: `explanation`."""
    model: str | None = None
    subject: str | None = None
    """Rows whose subject has this in it."""
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING: Final = Wanted()


def list_audit(
    session: Session, *, wanted: Wanted = EVERYTHING, limit: int = 50, cursor: str | None = None
) -> Page[AuditLine]:
    """Newest first."""
    check_limit(limit)
    query = _narrowed(wanted).order_by(AuditTable.id.desc())
    if cursor is not None:
        query = query.where(AuditTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[AuditLine](
        items=[AuditLine(**row._mapping) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def read_audit(session: Session, *, wanted: Wanted = EVERYTHING) -> Iterator[AuditLine]:
    """All of it, oldest first, a page at a time: a log of any length takes the same memory."""
    query, after = _narrowed(wanted).order_by(AuditTable.id).limit(LARGEST_PAGE), 0
    while rows := session.execute(query.where(AuditTable.id > after)).all():
        yield from (AuditLine(**row._mapping) for row in rows)
        after = rows[-1].id


def count_since(session: Session, *, action: str, since: datetime, most: int) -> int:
    """How often this was done since then, of the last `most` times."""
    query = select(AuditTable.at).where(AuditTable.action == action).order_by(AuditTable.id.desc())
    return sum(at >= since for at in session.scalars(query.limit(most)))


def _narrowed(wanted: Wanted) -> Select[*tuple[object, ...]]:
    query = select(*COLUMNS)
    for column, text in ((AuditTable.actor, wanted.actor), (AuditTable.model, wanted.model)):
        if text is not None:
            query = query.where(column == storable(text))
    if wanted.action is not None:
        action = storable(wanted.action)
        kind = AuditTable.action.startswith(f"{action}.", autoescape=True)
        query = query.where((AuditTable.action == action) | kind)
    if wanted.subject is not None:
        query = query.where(AuditTable.subject.contains(storable(wanted.subject), autoescape=True))
    if wanted.since is not None:
        query = query.where(AuditTable.at >= _utc(wanted.since))
    if wanted.until is not None:
        query = query.where(AuditTable.at < _utc(wanted.until))
    return query


def _utc(at: datetime) -> datetime:
    """Without a zone it is UTC already. Raises BadRequestError where UTC has no such moment."""
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError as error:
        raise BadRequestError("The moment is out of bounds.", hint="Name a later year.") from error
