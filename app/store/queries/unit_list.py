"""Lists of units as the interface sees them."""

from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import require_model
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.slugs import is_slug
from app.store.tables import ModelTable, SiteTable, UnitListEntryTable, UnitListTable
from app.store.views.base import Page
from app.store.views.unit_list import UnitListEntry, UnitListLine, UnitListView

SORT: Final = "newest"
MOST_ENTRIES: Final = 10_000
"""Of one list."""

COUNT: Final = (
    select(func.count())
    .where(UnitListEntryTable.list_id == UnitListTable.id)
    .correlate(UnitListTable)
    .scalar_subquery()
)
LISTS: Final = select(
    UnitListTable.id,
    UnitListTable.slug,
    UnitListTable.name,
    UnitListTable.description,
    UnitListTable.actor,
    UnitListTable.created_at,
    UnitListTable.updated_at,
    ModelTable.name.label("model"),
    COUNT.label("n_entries"),
).outerjoin(ModelTable, ModelTable.id == UnitListTable.model_id)


def get_unit_list(session: Session, *, slug: str) -> UnitListView:
    """With its units. Raises NotFoundError."""
    row = None
    if is_slug(slug):
        row = session.execute(LISTS.where(UnitListTable.slug == slug)).one_or_none()
    if row is None:
        raise no_unit_list(slug)
    entries = (
        select(
            ModelTable.name.label("model"),
            SiteTable.name.label("site"),
            UnitListEntryTable.unit_index,
            UnitListEntryTable.description,
        )
        .join(SiteTable, SiteTable.id == UnitListEntryTable.site_id)
        .join(ModelTable, ModelTable.id == SiteTable.model_id)
        .where(UnitListEntryTable.list_id == row.id)
        .order_by(UnitListEntryTable.id)
    )
    return UnitListView(
        **_line(row),
        entries=[
            UnitListEntry(
                model=one.model, site=one.site, index=one.unit_index, description=one.description
            )
            for one in session.execute(entries)
        ],
    )


def list_unit_lists(
    session: Session,
    *,
    model: str | None = None,
    actor: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[UnitListLine]:
    """Newest first; `model`: those that take units of this model only."""
    check_limit(limit)
    query = LISTS.order_by(UnitListTable.id.desc()).limit(limit + 1)
    if model is not None:
        query = query.where(UnitListTable.model_id == require_model(session, name=model))
    if actor is not None:
        query = query.where(UnitListTable.actor == actor)
    if cursor is not None:
        query = query.where(UnitListTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query).all()
    more = len(rows) > limit
    return Page[UnitListLine](
        items=[UnitListLine(**_line(row)) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def no_unit_list(slug: str) -> NotFoundError:
    return NotFoundError(
        f"There is no list {slug[:40]!r}.", hint="It may have been deleted; see the lists."
    )


def _line(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "id"}
