"""A document from a row with named fields: jsonl, parquet and hub data sets share it."""

from collections.abc import Collection, Mapping
from typing import Any

from analysis.corpora.readers.base import ReadOptions, Replaced, decode, mend
from analysis.errors import CorpusError
from analysis.records import Document

NO_DOMAIN = "text"


def read_row(
    row: Mapping[str, Any], options: ReadOptions, replaced: Replaced, *, place: str
) -> Document:
    """The row's document; `place` says where the row is and stands in for title and origin.

    A text that is null counts as empty.
    """
    if options.text_field not in row:
        raise missing_text(options, row.keys(), place=place)
    text = row[options.text_field]
    if text is None:
        text = ""
    if isinstance(text, bytes):
        text = decode(text, replaced)
    if not isinstance(text, str):
        raise CorpusError(
            f"{place}: the field '{options.text_field}' is {type(text).__name__}, not text.",
            hint="Name the field that holds the text with --text-field.",
        )
    return Document(
        title=_label(row, options.title_field) or place,
        domain=options.domain or _label(row, options.domain_field) or NO_DOMAIN,
        origin=_label(row, options.origin_field) or place,
        text=mend(text, replaced),
        group=_label(row, options.group_field),
    )


def missing_text(options: ReadOptions, fields: Collection[str], *, place: str) -> CorpusError:
    there = ", ".join(sorted(fields)) or "none"
    return CorpusError(
        f"{place}: there is no field '{options.text_field}'. Fields: {there}.",
        hint="Name the field that holds the text with --text-field.",
    )


def _label(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str | int | float) else ""
