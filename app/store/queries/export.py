"""Requests to take something out of a sealed server: asked, decided, used, listed.

with open_session(engine, commit=True) as session:
    asked = ask_export(session, actor="ada", address="/api/v1/…", model="toy", purpose="A talk")
    decide_export(session, export_id=asked.id, actor="root", words="", lasts=timedelta(days=1))
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError, NotFoundError, TooManyError
from app.store.audit.noting import note
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.tables import ExportTable
from app.store.views.base import Page
from app.store.views.export import ExportStatus, ExportView

LONGEST_ADDRESS: Final = 2_000
LONGEST_WORDS: Final = 2_000
MOST_WAITING: Final = 50
"""Of one account."""
LASTS: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
SORT: Final = "exports"
COLUMNS: Final = tuple(ExportTable.__table__.columns)


def exactly(path: str, query: str) -> str:
    """One address for one export, in whichever order its parameters stand; `path` as it is read."""
    parameters = sorted(parse_qsl(query, keep_blank_values=True))
    return quote(path) + (f"?{urlencode(parameters)}" if parameters else "")


def ask_export(
    session: Session, *, actor: str, address: str, model: str | None, purpose: str
) -> ExportView:
    """Raises BadRequestError without a purpose, ConflictError where the same waits already or is
    approved, TooManyError where too much of theirs waits."""
    purpose = _checked(purpose, "purpose")
    if not purpose:
        raise BadRequestError(
            "An export needs a purpose.", hint="Say what it is for, and where it goes."
        )
    own = select(ExportTable).where(ExportTable.actor == actor)
    open_ = session.scalars(own.where(ExportTable.status != "refused")).all()
    now = datetime.now(UTC)
    for row in open_:
        is_open = row.status == "waiting" or (row.expires_at is not None and row.expires_at > now)
        if row.address == address and is_open:
            raise ConflictError(
                "You have asked for this already.", hint=f"Request {row.id} is {row.status}."
            )
    if sum(row.status == "waiting" for row in open_) >= MOST_WAITING:
        raise TooManyError(
            f"{MOST_WAITING} requests of yours wait already.",
            hint="Wait until an administrator has decided on some.",
        )
    row = ExportTable(
        actor=actor, address=address, model=model, purpose=purpose, status="waiting", words="",
        decided_by=None, created_at=now, decided_at=None, expires_at=None, used_at=None, n_used=0,
    )  # fmt: skip
    session.add(row)
    session.flush()
    note(
        session, action="export.asked", actor=actor, model=model, subject=f"export {row.id}",
        after={"address": address, "purpose": purpose},
    )  # fmt: skip
    return get_export(session, export_id=row.id)


def decide_export(
    session: Session, *, export_id: int, actor: str, words: str, lasts: timedelta | None
) -> ExportView:
    """`lasts`: so long it may be taken out; None: it may not. Raises NotFoundError,
    BadRequestError, and ConflictError where it was decided already."""
    words, now = _checked(words, "reason"), datetime.now(UTC)
    status: ExportStatus = "refused" if lasts is None else "approved"
    before = get_export(session, export_id=export_id)
    done = session.execute(
        update(ExportTable)
        .where(ExportTable.id == export_id, ExportTable.status == "waiting")
        .values(
            status=status,
            words=words,
            decided_by=actor,
            decided_at=now,
            expires_at=None if lasts is None else now + lasts,
        )
        .returning(ExportTable.id)
    )
    if done.first() is None:
        raise ConflictError(
            f"This request was {before.status} already, by {before.decided_by}.",
            hint="Whoever wants it asks again.",
        )
    view = get_export(session, export_id=export_id)
    note(
        session, action=f"export.{status}", actor=actor, model=view.model,
        subject=f"export {export_id}",
        after={"for": view.actor, "address": view.address, "purpose": view.purpose,
               "words": words, "expires_at": view.expires_at},
    )  # fmt: skip
    return view


def use_export(session: Session, *, actor: str, address: str) -> bool:
    """Whether they may take this out now; then it is noted that they do."""
    now = datetime.now(UTC)
    newest = (
        select(func.max(ExportTable.id))
        .where(
            ExportTable.actor == actor,
            ExportTable.address == address,
            ExportTable.status == "approved",
            ExportTable.expires_at > now,
        )
        .scalar_subquery()
    )
    used = session.execute(
        update(ExportTable)
        .where(ExportTable.id == newest)
        .values(used_at=now, n_used=ExportTable.n_used + 1)
        .returning(ExportTable.id, ExportTable.model, ExportTable.purpose)
    ).one_or_none()
    if used is None:
        return False
    note(
        session, action="export.used", actor=actor, model=used.model, subject=f"export {used.id}",
        after={"address": address, "purpose": used.purpose},
    )  # fmt: skip
    return True


def get_export(session: Session, *, export_id: int) -> ExportView:
    """Raises NotFoundError."""
    query = select(*COLUMNS).where(ExportTable.id == export_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no export {export_id}.", hint="/exports lists those that were asked for."
        )
    return ExportView(**row._mapping)


def list_exports(
    session: Session,
    *,
    actor: str | None = None,
    status: ExportStatus | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ExportView]:
    """Newest first. `actor` None: of everybody."""
    check_limit(limit)
    query = select(*COLUMNS).order_by(ExportTable.id.desc())
    if actor is not None:
        query = query.where(ExportTable.actor == actor)
    if status is not None:
        query = query.where(ExportTable.status == status)
    if cursor is not None:
        query = query.where(ExportTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[ExportView](
        items=[ExportView(**row._mapping) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def _checked(words: str, what: str) -> str:
    """As it is kept. Raises BadRequestError."""
    words = " ".join(words.split())
    if len(words) > LONGEST_WORDS or not words.isprintable():
        raise BadRequestError(
            f"The {what} is too long, or has characters that do not print.",
            hint=f"Take {LONGEST_WORDS:,} characters at most.",
        )
    return words
