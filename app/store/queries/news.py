"""What changed since a row of the audit log: its ids come in the order in which things were
committed, one after another, so that whoever asks again from the last one misses nothing.

    last = newest_news(session)
    for item in read_news(session, after=last): ...
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.store.tables import (
    AuditTable,
    CircuitTable,
    CommentTable,
    ExplanationTable,
    NoticeTable,
    SiteTable,
)
from app.store.views.news import KINDS, NewsView

MOST: Final = 500
"""Rows of the log at once."""
ACCESS: Final = ("account.", "login.", "role.", "token.")
"""So begin the names of what may end somebody's right to watch."""


@dataclass(frozen=True)
class News:
    id: int
    """Of the row of the audit log."""
    view: NewsView | None
    """None: nobody is told."""
    recipients: frozenset[str] = frozenset()
    """Whose inbox changed with it."""
    is_about_access: bool = False


def newest_news(session: Session) -> int:
    """0: nothing has happened yet."""
    return session.scalar(select(func.max(AuditTable.id))) or 0


def read_news(session: Session, *, after: int, most: int = MOST) -> list[News]:
    """Oldest first."""
    rows = session.execute(
        select(AuditTable.id, AuditTable.action, AuditTable.model, AuditTable.subject)
        .where(AuditTable.id > after)
        .order_by(AuditTable.id)
        .limit(most)
    ).all()
    explanations = _explanations(session, _numbers(rows, "explanation"))
    comments = _comments(session, _numbers(rows, "comment"))
    told = _told(session, list(comments), _numbers(rows, "explanation", "explanation.decided"))
    return [_news(row, explanations, comments, told) for row in rows]


def _news(
    row: Row[*tuple[Any, ...]],
    explanations: dict[int, dict[str, Any]],
    comments: dict[int, dict[str, Any]],
    told: dict[str, frozenset[str]],
) -> News:
    kind = KINDS.get(row.action)
    if kind is None:
        return News(row.id, None, is_about_access=row.action.startswith(ACCESS))
    noun, _, name = row.subject.partition(" ")
    if kind == "inbox":
        return News(row.id, None, recipients=frozenset([name]))
    where: dict[str, Any] = {}
    if noun == "explanation" and name.isdecimal():
        where = explanations.get(int(name), {})
    elif noun == "comment" and name.isdecimal():
        where = comments.get(int(name), {})
    elif noun == "circuit":
        where = {"circuit": name}
    view = NewsView(kind=kind, model=row.model, **where)
    return News(row.id, view, recipients=told.get(row.subject, frozenset()))


def _explanations(session: Session, ids: list[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    rows = session.execute(
        select(ExplanationTable.id, SiteTable.name, ExplanationTable.unit_index)
        .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
        .where(ExplanationTable.id.in_(ids))
    )
    return {
        row.id: {"site": row.name, "index": row.unit_index, "explanation_id": row.id}
        for row in rows
    }


def _comments(session: Session, ids: list[int]) -> dict[int, dict[str, Any]]:
    if not ids:
        return {}
    rows = session.execute(
        select(
            CommentTable.id, SiteTable.name, CommentTable.unit_index, CommentTable.explanation_id,
            CircuitTable.slug,
        )
        .outerjoin(SiteTable, SiteTable.id == CommentTable.site_id)
        .outerjoin(CircuitTable, CircuitTable.id == CommentTable.circuit_id)
        .where(CommentTable.id.in_(ids))
    )  # fmt: skip
    return {
        row.id: {
            "site": row.name, "index": row.unit_index, "explanation_id": row.explanation_id,
            "circuit": row.slug,
        }
        for row in rows
    }  # fmt: skip


def _told(session: Session, comments: list[int], decided: list[int]) -> dict[str, frozenset[str]]:
    """Who has a notice of what, by subject."""
    found: dict[str, set[str]] = {}
    for noun, column, ids in (
        ("comment", NoticeTable.comment_id, comments),
        ("explanation", NoticeTable.explanation_id, decided),
    ):
        if ids:
            query = select(column, NoticeTable.recipient).where(column.in_(ids))
            for number, recipient in session.execute(query):
                found.setdefault(f"{noun} {number}", set()).add(recipient)
    return {subject: frozenset(names) for subject, names in found.items()}


def _numbers(
    rows: list[Row[*tuple[Any, ...]]] | Any,  # noqa: ANN401 - a sequence of rows
    noun: str,
    action: str | None = None,
) -> list[int]:
    """Of this noun's subjects that somebody is told of."""
    return [
        int(row.subject.partition(" ")[2])
        for row in rows
        if row.action in KINDS
        and (action is None or row.action == action)
        and row.subject.partition(" ")[0] == noun
        and row.subject.partition(" ")[2].isdecimal()
    ]
