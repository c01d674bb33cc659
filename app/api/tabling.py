"""Tables as text, comma-separated or one JSON object a line; rows of units piece by piece."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

from fastapi import Query

from app.api.describing import Responses
from app.places import Places
from app.store.views.unit import UnitRow

MEDIA_TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
COLUMNS: Final = tuple(UnitRow.model_fields)

TableForm = Annotated[
    Literal["csv", "jsonl"],
    Query(
        alias="format",
        description="`csv`: comma-separated with a header, undefined values empty. "
        "`jsonl`: one JSON object a line, undefined values null.",
        examples=["csv"],
    ),
]


def table_of(row: str) -> Responses:
    """What an operation answers that sends a table; `row`: what each line is of."""
    texts = {name: {"schema": {"type": "string"}} for name in MEDIA_TYPES.values()}
    return {200: {"description": f"The table: one line for each {row}.", "content": texts}}


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
