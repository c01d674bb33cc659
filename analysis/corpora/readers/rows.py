"""A document from a row with named fields: jsonl, parquet and hub data sets share it."""

from collections.abc import Collection, Mapping
from typing import Any

from analysis.corpora.readers.base import GROUP, ReadOptions, Replaced, decode, mend
from analysis.errors import CorpusError
from analysis.records import Document

NO_DOMAIN = "text"


def check_fields(options: ReadOptions, fields: Collection[str], *, place: str) -> None:
    """Raises CorpusError where a row of these fields lacks one that it must have."""
    if options.text_field not in fields:
        raise _missing("text", options.text_field, fields, place=place)
    if options.group_field is not None and options.group_field not in fields:
        raise _missing("group", options.group_field, fields, place=place)


def read_row(
    row: Mapping[str, Any], options: ReadOptions, replaced: Replaced, *, place: str
) -> Document:
    """The row's document; `place` says where the row is and stands in for title and origin.

    A text that is null counts as empty, and so does a group.
    """
    check_fields(options, row.keys(), place=place)
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
        group=_label(row, options.group_field or GROUP),
    )


def _missing(what: str, field: str, fields: Collection[str], *, place: str) -> CorpusError:
    aside = "; rows that are of no group have null there" if what == "group" else ""
    return CorpusError(
        f"{place}: there is no field '{field}'. Fields: {', '.join(sorted(fields)) or 'none'}.",
        hint=f"Name the field that holds the {what} with --{what}-field{aside}.",
    )


def _label(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str | int | float) else ""
