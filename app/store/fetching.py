"""Rows of plain columns, for what every page asks: past the session, which would look for mapped
objects in them first. That is half of the time of a read that finds one row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.orm import Session


def fetch(
    session: Session, statement: Executable, values: Mapping[str, Any]
) -> CursorResult[*tuple[Any, ...]]:
    """Within the session's transaction. `statement` selects columns, no mapped class."""
    found: CursorResult[*tuple[Any, ...]] = session.connection().execute(statement, values)
    return found
