"""Lists of units as the interface sees them."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased

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

HELD: Final = (UnitListEntryTable.list_id == UnitListTable.id,)
COUNT: Final = select(func.count()).where(*HELD).correlate(UnitListTable).scalar_subquery()
MOST_OFFERED: Final = 50
LINE: Final = (
    UnitListTable.id,
    UnitListTable.slug,
    UnitListTable.name,
    UnitListTable.description,
    UnitListTable.actor,
    UnitListTable.personal,
    UnitListTable.created_at,
    UnitListTable.updated_at,
    ModelTable.name.label("model"),
)
LISTS: Final = select(*LINE, COUNT.label("n_entries")).outerjoin(
    ModelTable, ModelTable.id == UnitListTable.model_id
)
OfModel = aliased(ModelTable)
"""That an entry's unit is of."""


@dataclass(frozen=True)
class Reader:
    """Somebody, who does not see what is others' own."""

    name: str
    models: frozenset[str] | None
    """That they see: of no other is an entry shown or counted. None: all."""


def get_unit_list(session: Session, *, slug: str, reader: Reader | None = None) -> UnitListView:
    """With its units. Raises NotFoundError."""
    row = None
    if is_slug(slug):
        query = _lists(reader).where(UnitListTable.slug == slug)
        row = session.execute(query).one_or_none()
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
    if reader is not None and reader.models is not None:
        entries = entries.where(ModelTable.name.in_(reader.models))
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
    reader: Reader | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[UnitListLine]:
    """Newest first; `model`: those that take units of this model only. A reader sees those of their
    models; of those that take units of any, their own, and those with a unit of their models. Of
    personal ones, their own."""
    check_limit(limit)
    query = _lists(reader).order_by(UnitListTable.id.desc()).limit(limit + 1)
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


def _lists(reader: Reader | None) -> Select[Any]:
    if reader is None:
        return LISTS
    shared = or_(~UnitListTable.personal, UnitListTable.actor == reader.name)
    if reader.models is None:
        return LISTS.where(shared)
    seen = (
        select(func.count())
        .select_from(UnitListEntryTable)
        .join(SiteTable, SiteTable.id == UnitListEntryTable.site_id)
        .join(OfModel, OfModel.id == SiteTable.model_id)
        .where(*HELD, OfModel.name.in_(reader.models))
        .correlate(UnitListTable)
        .scalar_subquery()
    )
    own = and_(UnitListTable.actor == reader.name, true() if reader.models else false())
    return (
        select(*LINE, seen.label("n_entries"))
        .outerjoin(ModelTable, ModelTable.id == UnitListTable.model_id)
        .where(
            shared,
            or_(
                ModelTable.name.in_(reader.models),
                and_(UnitListTable.model_id.is_(None), or_(own, seen > 0)),
            ),
        )
    )


def lists_for(session: Session, *, model: str, reader: Reader | None) -> list[UnitListLine]:
    """Those that a unit of this model can be put into, the last changed first; 50 at most."""
    query = _lists(reader).where(
        or_(
            UnitListTable.model_id.is_(None),
            UnitListTable.model_id == require_model(session, name=model),
        )
    )
    rows = session.execute(query.order_by(UnitListTable.updated_at.desc()).limit(MOST_OFFERED))
    return [UnitListLine(**_line(row)) for row in rows]


def no_unit_list(slug: str) -> NotFoundError:
    return NotFoundError(
        f"There is no list {slug[:40]!r}.", hint="It may have been deleted; see the lists."
    )


def _line(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "id"}
