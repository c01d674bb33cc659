"""Inserts a row that others may be inserting at the same moment."""

from functools import cache
from typing import Any

from sqlalchemy import Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.tables import (
    AssignmentTable,
    CampaignTable,
    CircuitTable,
    CorpusTable,
    GuidelineTable,
    ModelTable,
    TaskTable,
    WindowSetTable,
)

Unique = (
    AssignmentTable
    | CampaignTable
    | CircuitTable
    | CorpusTable
    | GuidelineTable
    | ModelTable
    | TaskTable
    | WindowSetTable
)


def insert_new(
    session: Session,
    table: type[Unique],
    **values: Any,  # noqa: ANN401 - the columns of the table
) -> int | None:
    """The new row's id; None where there is one with the same name or content.

    Whoever is inserting such a row just now is waited for, so that a look at the table then finds
    it, or the row was rolled back and this one is inserted.
    """
    insert = _insert(session.get_bind().dialect.name, table)
    number: int | None = fetch(session, insert, values).scalar_one_or_none()
    return number


@cache
def _insert(dialect: str, table: type[Unique]) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    made: Insert = insert(table).on_conflict_do_nothing().returning(table.id)
    return made
