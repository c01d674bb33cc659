"""What fields of forms and addresses hold before they are read."""

from typing import Annotated

from fastapi import Path

RowId = Annotated[int, Path(ge=0, le=2**63 - 1)]
"""That SQLite and PostgreSQL can look for."""


def blank_to_none(value: object) -> object:
    """A field that was left empty is none that was given."""
    return None if value == "" else value
