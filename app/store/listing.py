"""Lists of units are made, filled, emptied and deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from app.store.audit.noting import changed, note
from app.store.locating import require_model
from app.store.paging import is_name
from app.store.queries.unit_list import MOST_ENTRIES, Reader, get_unit_list, no_unit_list
from app.store.slugs import is_slug, new_slug
from app.store.tables import ModelTable, SiteTable, UnitListEntryTable, UnitListTable
from app.store.views.unit_list import UnitListView
from app.store.writing_explanations import storable

log = structlog.get_logger("patchclamp.store")

LONGEST_NAME: Final = 200
LONGEST_DESCRIPTION: Final = 20_000
LONGEST_REASON: Final = 1000
"""Why a unit is in a list."""
MOST_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class Named:
    """A unit as it is named from outside."""

    model: str
    site: str
    index: int
    description: str = ""


def create_unit_list(
    session: Session,
    *,
    name: str,
    actor: str,
    description: str = "",
    model: str | None = None,
    personal: bool = False,
) -> UnitListView:
    """An empty list; `model`: only its units can be added; `personal`: nobody else sees it. Raises
    NotFoundError."""
    now, slug = datetime.now(UTC), new_slug()
    session.execute(
        insert(UnitListTable).values(
            slug=slug,
            name=_text(name, "name", 1, LONGEST_NAME),
            description=_text(description, "description", 0, LONGEST_DESCRIPTION),
            actor=storable(actor),
            model_id=None if model is None else require_model(session, name=model),
            personal=personal,
            created_at=now,
            updated_at=now,
        )
    )
    log.info("unit_list.created", unit_list=slug, actor=actor)
    note(
        session, actor=actor, action="list.created", model=model, subject=f"list {slug}",
        after={"name": name, "description": description, "personal": personal},
    )  # fmt: skip
    return get_unit_list(session, slug=slug)


def change_unit_list(
    session: Session,
    *,
    slug: str,
    actor: str,
    name: str | None = None,
    description: str | None = None,
    personal: bool | None = None,
    reader: Reader | None = None,
) -> UnitListView:
    """What is None stays. `reader`: as whom it is shown. Raises NotFoundError, and ForbiddenError
    where somebody else would say who sees it."""
    row = _locked(session, slug)
    before = session.get_one(UnitListTable, row.id)
    if personal is not None and personal != before.personal and before.actor != actor:
        raise ForbiddenError(
            "Only whoever made a list shares it, or keeps it to themselves.",
            hint=f"Ask {before.actor}.",
        )
    wanted: dict[str, Any] = {}
    if name is not None:
        wanted["name"] = _text(name, "name", 1, LONGEST_NAME)
    if description is not None:
        wanted["description"] = _text(description, "description", 0, LONGEST_DESCRIPTION)
    if personal is not None:
        wanted["personal"] = personal
    told = changed({name: getattr(before, name) for name in wanted}, wanted)
    if told["after"]:
        session.execute(
            update(UnitListTable)
            .where(UnitListTable.id == row.id)
            .values(**told["after"], updated_at=datetime.now(UTC))
        )
        session.expire(before)
        note(session, actor=actor, action="list.changed", subject=f"list {slug}", **told)
    return get_unit_list(session, slug=slug, reader=reader)


def add_units(
    session: Session,
    *,
    slug: str,
    units: Sequence[Named],
    actor: str,
    reader: Reader | None = None,
) -> UnitListView:
    """With these at its end; those that are in it already stay where they are. `reader`: as whom
    it is shown.

    Raises NotFoundError where a unit is missing, ConflictError where the list is of another model,
    BadRequestError where there are too many.
    """
    row = _locked(session, slug)
    if len(units) > MOST_AT_ONCE:
        raise BadRequestError(
            f"{len(units):,} units are too many at once.", hint=f"Give {MOST_AT_ONCE:,} at most."
        )
    ids = [_site_of(session, row, unit) for unit in units]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    for site_id, unit in zip(ids, units, strict=True):
        session.execute(
            dialect.insert(UnitListEntryTable)
            .values(
                list_id=row.id,
                site_id=site_id,
                unit_index=unit.index,
                description=_text(unit.description, "description", 0, LONGEST_REASON),
            )
            .on_conflict_do_nothing()
        )
    count = select(func.count()).where(UnitListEntryTable.list_id == row.id)
    if session.scalars(count).one() > MOST_ENTRIES:
        raise BadRequestError(
            f"The list would have more than {MOST_ENTRIES:,} units.", hint="Begin another list."
        )
    _touch(session, row.id)
    log.info("unit_list.added", unit_list=slug, units=len(units), actor=actor)
    note(
        session, actor=actor, action="list.units_added", subject=f"list {slug}",
        after={"units": [f"{one.model} {one.site}/{one.index}" for one in units]},
    )  # fmt: skip
    return get_unit_list(session, slug=slug, reader=reader)


def remove_unit(
    session: Session, *, slug: str, unit: Named, actor: str, reader: Reader | None = None
) -> UnitListView:
    """Without this one. Raises NotFoundError where it is not in the list."""
    row = _locked(session, slug)
    table = UnitListEntryTable
    gone = session.execute(
        delete(table)
        .where(
            table.list_id == row.id,
            table.site_id == _site_of(session, row, unit),
            table.unit_index == unit.index,
        )
        .returning(table.id)
    )
    if gone.scalar_one_or_none() is None:
        raise NotFoundError(
            f"The list {slug} does not have {unit.model} {unit.site}/{unit.index}.",
            hint="See the list for the units that it has.",
        )
    _touch(session, row.id)
    log.info("unit_list.removed", unit_list=slug, unit=f"{unit.site}/{unit.index}", actor=actor)
    note(
        session, actor=actor, action="list.unit_removed", model=unit.model, subject=f"list {slug}",
        before={"unit": f"{unit.model} {unit.site}/{unit.index}"},
    )  # fmt: skip
    return get_unit_list(session, slug=slug, reader=reader)


def delete_unit_list(session: Session, *, slug: str, actor: str) -> None:
    """With its entries; the units stay. Raises NotFoundError."""
    row = _locked(session, slug)
    gone = session.execute(
        delete(UnitListTable)
        .where(UnitListTable.id == row.id)
        .returning(UnitListTable.name, UnitListTable.description, UnitListTable.actor)
    ).one()
    log.info("unit_list.deleted", unit_list=slug, actor=actor)
    note(
        session, actor=actor, action="list.deleted", subject=f"list {slug}",
        before=dict(gone._mapping),
    )  # fmt: skip


def _locked(session: Session, slug: str) -> Row[*tuple[Any, ...]]:
    row = None
    if is_slug(slug):
        query = select(UnitListTable.id, UnitListTable.model_id).where(UnitListTable.slug == slug)
        row = session.execute(query.with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise no_unit_list(slug)
    return row


def _site_of(session: Session, row: Row[*tuple[Any, ...]], unit: Named) -> int:
    found = None
    if is_name(unit.model) and is_name(unit.site):
        query = (
            select(SiteTable.id, SiteTable.model_id, SiteTable.n_units)
            .join(ModelTable, ModelTable.id == SiteTable.model_id)
            .where(ModelTable.name == unit.model, SiteTable.name == unit.site)
        )
        found = session.execute(query).one_or_none()
    if found is None or not 0 <= unit.index < found.n_units:
        require_model(session, name=unit.model)
        raise NotFoundError(
            f"Model {unit.model} has no unit {unit.site[:100]}/{unit.index}.",
            hint="Units are named by site and index, for instance mlp.0/12.",
        )
    if row.model_id not in (None, found.model_id):
        raise ConflictError(
            f"The list takes units of one model only, and it is not {unit.model}.",
            hint="Make a list without a model for units of several.",
        )
    return int(found.id)


def _touch(session: Session, number: int) -> None:
    statement = update(UnitListTable).where(UnitListTable.id == number)
    session.execute(statement.values(updated_at=datetime.now(UTC)))


def _text(given: str, what: str, least: int, most: int) -> str:
    text = storable(given).strip()
    if not least <= len(text) <= most:
        raise BadRequestError(
            f"The {what} has {len(text):,} characters.", hint=f"Say it in {least} to {most:,}."
        )
    return text
