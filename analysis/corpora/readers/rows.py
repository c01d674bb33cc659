"""A document from a row with named fields: jsonl, parquet and hub data sets share it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from analysis.corpora.readers.base import GROUP, ReadOptions, Replaced, decode, mend
from analysis.errors import CorpusError
from analysis.records import Document

NO_DOMAIN = "text"


def read_rows(
    rows: Iterable[tuple[str, Mapping[str, Any]]],
    options: ReadOptions,
    replaced: Replaced,
    *,
    place: str,
) -> Iterator[Document]:
    """The documents of rows that may each have other fields, all from one `place`."""
    fields: Collection[str] | None = None
    grouped = options.group_field is None
    for where, row in rows:
        grouped = grouped or options.group_field in row
        fields = row.keys()
        yield read_row(row, options, replaced, place=where)
    if fields is not None and not grouped:
        raise _missing_group(options, fields, place=place)


def check_fields(options: ReadOptions, fields: Collection[str], *, place: str) -> None:
    """Raises CorpusError where rows that all have these fields lack one that they must have."""
    if options.text_field not in fields:
        raise missing_text(options, fields, place=place)
    if options.group_field is not None and options.group_field not in fields:
        raise _missing_group(options, fields, place=place)


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
        group=_label(row, options.group_field or GROUP),
    )


def missing_text(options: ReadOptions, fields: Collection[str], *, place: str) -> CorpusError:
    return CorpusError(
        f"{place}: there is no field '{options.text_field}'. Fields: {_listed(fields)}.",
        hint="Name the field that holds the text with --text-field.",
    )


def _missing_group(options: ReadOptions, fields: Collection[str], *, place: str) -> CorpusError:
    return CorpusError(
        f"{place}: there is no field '{options.group_field}'. Fields: {_listed(fields)}.",
        hint="Name the field that holds the group with --group-field, or leave it out.",
    )


def _listed(fields: Collection[str]) -> str:
    return ", ".join(sorted(fields)) or "none"


def _label(row: Mapping[str, Any], field: str) -> str:
    value = row.get(field)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str | int | float) else ""
