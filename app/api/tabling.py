"""Rows of units as text, piece by piece: comma-separated or one JSON object a line."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from app.places import Places
from app.store.views.unit import UnitRow

MEDIA_TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
COLUMNS: Final = tuple(UnitRow.model_fields)


def downloads(most: int) -> Places:
    """The tables that one application sends at once: each keeps a site in memory, and a thread busy
    while it is read."""
    return Places(
        most,
        told="tables are being downloaded",
        hint="Wait until one has ended, or ask for units page by page; "
        "PATCHCLAMP_MOST_DOWNLOADS sets how many there may be.",
    )


def write_table(sites: Iterable[list[UnitRow]], form: Literal["csv", "jsonl"]) -> Iterator[str]:
    if form == "csv":
        yield comma_separated([COLUMNS])
    for rows in sites:
        if form == "csv":
            yield comma_separated([tuple(row.model_dump().values()) for row in rows])
        else:
            yield "".join(f"{row.model_dump_json()}\n" for row in rows)


def comma_separated(rows: Iterable[tuple[object, ...]]) -> str:
    """None is an empty field, and truth is written as JSON writes it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [str(field).lower() if isinstance(field, bool) else field for field in row] for row in rows
    )
    return text.getvalue()
