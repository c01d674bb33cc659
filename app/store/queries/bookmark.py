"""A person's bookmarks."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import require_model
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.tables import BookmarkTable, CircuitTable, ExplanationTable, ModelTable, SiteTable
from app.store.topics import Topic
from app.store.views.base import Page
from app.store.views.bookmark import BookmarkView

SORT: Final = "bookmarks"
ROWS: Final = (
    select(
        BookmarkTable.id, ModelTable.name.label("model"), SiteTable.name.label("site"),
        BookmarkTable.unit_index.label("index"), BookmarkTable.explanation_id,
        CircuitTable.slug.label("circuit"),
        func.coalesce(ExplanationTable.text, CircuitTable.title, "").label("says"),
        BookmarkTable.note, BookmarkTable.created_at,
    )
    .join(ModelTable, ModelTable.id == BookmarkTable.model_id)
    .outerjoin(SiteTable, SiteTable.id == BookmarkTable.site_id)
    .outerjoin(ExplanationTable, ExplanationTable.id == BookmarkTable.explanation_id)
    .outerjoin(CircuitTable, CircuitTable.id == BookmarkTable.circuit_id)
)  # fmt: skip


def list_bookmarks(
    session: Session,
    *,
    actor: str,
    sees: Collection[str] | None,
    model: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[BookmarkView]:
    """Newest first, of models that the person sees (`sees` None: all)."""
    check_limit(limit)
    query = ROWS.where(BookmarkTable.actor == actor).order_by(BookmarkTable.id.desc())
    if sees is not None:
        query = query.where(ModelTable.name.in_(sees))
    if model is not None:
        query = query.where(BookmarkTable.model_id == require_model(session, name=model))
    if cursor is not None:
        query = query.where(BookmarkTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[BookmarkView](
        items=[_view(row) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def marked_models(session: Session, *, actor: str, sees: Collection[str] | None) -> list[str]:
    """Names of the models that the person has marked something of."""
    query = (
        select(ModelTable.name)
        .where(
            ModelTable.id.in_(
                select(BookmarkTable.model_id).where(BookmarkTable.actor == actor).distinct()
            )
        )
        .order_by(ModelTable.name)
    )
    return [name for name in session.scalars(query) if sees is None or name in sees]


def marked(session: Session, topic: Topic, *, actor: str) -> BookmarkView | None:
    """This person's bookmark of it, if there is one."""
    row = session.execute(ROWS.where(*which(topic, actor))).one_or_none()
    return None if row is None else _view(row)


def require_marked(session: Session, topic: Topic, *, actor: str) -> BookmarkView:
    """Raises NotFoundError where it is not marked."""
    found = marked(session, topic, actor=actor)
    if found is None:
        raise NotFoundError(
            f"You have not marked {topic.told}.", hint="Your bookmarks are at /bookmarks."
        )
    return found


def which(topic: Topic, actor: str) -> list[ColumnElement[bool]]:
    """This person's bookmark of it."""
    return [
        BookmarkTable.actor == actor,
        *(
            getattr(BookmarkTable, name).is_(None)
            if value is None
            else getattr(BookmarkTable, name) == value
            for name, value in topic.columns.items()
        ),
    ]


def _view(row: Row[*tuple[Any, ...]]) -> BookmarkView:
    return BookmarkView(**row._mapping)
