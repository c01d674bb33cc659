"""What waits for somebody, as they may see it now."""

from collections.abc import Callable, Collection
from typing import Any, Final

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.queries.blindness import blind_among
from app.store.tables import (
    CircuitTable,
    CommentTable,
    ExplanationTable,
    ModelTable,
    NoticeTable,
    SiteTable,
)
from app.store.views.notice import InboxView, NoticeView

SORT: Final = "inbox"
EXCERPT: Final = 280
"""Characters of a comment."""
ABOUT: Final = func.coalesce(NoticeTable.explanation_id, CommentTable.explanation_id)
ROWS: Final = (
    select(
        NoticeTable.id, NoticeTable.kind, NoticeTable.actor, ModelTable.name.label("model"),
        SiteTable.name.label("site"),
        func.coalesce(CommentTable.unit_index, ExplanationTable.unit_index).label("index"),
        ABOUT.label("explanation_id"), CircuitTable.slug.label("circuit"), NoticeTable.comment_id,
        CommentTable.text, NoticeTable.created_at, NoticeTable.read_at,
    )
    .join(ModelTable, ModelTable.id == NoticeTable.model_id)
    .outerjoin(CommentTable, CommentTable.id == NoticeTable.comment_id)
    .outerjoin(ExplanationTable, ExplanationTable.id == NoticeTable.explanation_id)
    .outerjoin(
        SiteTable, SiteTable.id == func.coalesce(CommentTable.site_id, ExplanationTable.site_id)
    )
    .outerjoin(CircuitTable, CircuitTable.id == CommentTable.circuit_id)
)  # fmt: skip


def inbox_of(
    session: Session,
    *,
    recipient: str,
    sees: Collection[str] | None,
    may_judge: Callable[[str], bool],
    unread: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> InboxView:
    """Newest first, of models that the person sees (`sees` None: all); `may_judge` says of a model
    whether a campaign could ask them about its explanations."""
    check_limit(limit)
    query = _seen(ROWS, recipient, sees).order_by(NoticeTable.id.desc())
    if unread:
        query = query.where(NoticeTable.read_at.is_(None))
    if cursor is not None:
        query = query.where(NoticeTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    shown, more = rows[:limit], len(rows) > limit
    asked = [row.explanation_id for row in shown if row.explanation_id and may_judge(row.model)]
    blind = blind_among(session, asked, recipient)
    return InboxView(
        n_unread=count_unread(session, recipient=recipient, sees=sees),
        items=[_view(row, withheld=row.explanation_id in blind) for row in shown],
        next_cursor=write_cursor(SORT, None, shown[-1].id) if more else None,
    )


def count_unread(session: Session, *, recipient: str, sees: Collection[str] | None) -> int:
    query = (
        select(func.count())
        .select_from(NoticeTable)
        .join(ModelTable, ModelTable.id == NoticeTable.model_id)
        .where(NoticeTable.read_at.is_(None))
    )
    return int(session.scalars(_seen(query, recipient, sees)).one())


def _seen(
    query: Select[*tuple[Any, ...]], recipient: str, sees: Collection[str] | None
) -> Select[*tuple[Any, ...]]:
    query = query.where(NoticeTable.recipient == recipient)
    return query if sees is None else query.where(ModelTable.name.in_(sees))


def _view(row: Row[*tuple[Any, ...]], *, withheld: bool) -> NoticeView:
    fields = dict(row._mapping)
    text = fields.pop("text")
    excerpt = None if text is None or withheld else text[:EXCERPT]
    return NoticeView(**fields, excerpt=excerpt, withheld=withheld)
