"""Rows of a file of prompts, before any tokenizer has seen them: JSON lines, or CSV with a header.

Every row has its line number, and what is wrong with a file is said with it.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from analysis.errors import TaskError
from analysis.protocol.circuits import MetricKind
from analysis.protocol.prompts import LONGEST_TEXT
from analysis.tasks.task import MOST_ANSWERS, MOST_PAIRS, MOST_WORDS

LARGEST_FILE: Final = 64 * 2**20
MOST_SIGNS: Final = 500_000
"""Commas and brackets of one line: of its values, or of its texts."""
LINES: Final = re.compile(r"[^\n]+")
LONGEST_SHOWN: Final = 60
LONGEST_NAME: Final = 200
SEVERAL: Final = "|"
"""Between several answers, or words, of one cell of CSV."""
NEEDED: Final = ("clean", "counterfactual")
LISTS: Final = ("answer", "wrong", "words")
COLUMNS: Final = (*NEEDED, "answer", "wrong", "name", "template", "words")
EXAMPLE: Final = (
    'A row is such as {"clean": "Tom and Ann met, and Tom thanked", "counterfactual": '
    '"Tom and Ann met, and Ann thanked", "answer": " Ann", "wrong": " Tom"}.'
)


@dataclass(frozen=True)
class Row:
    line: int
    clean: str
    counterfactual: str
    answer: tuple[str, ...]
    wrong: tuple[str, ...]
    name: str
    template: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """What a file says of the whole task: its first line, of JSON lines, has a field `task`."""

    task: str | None = None
    metric: MetricKind = "logit_difference"
    raised: tuple[str, ...] = ()
    lowered: tuple[str, ...] = ()
    exact: bool = False
    """Answers are written as they follow, with their spaces."""


def read_rows(raw: bytes, file: str) -> tuple[Heading, list[Row]]:
    """What a file says. Raises TaskError, with the line, for all that can be wrong with it."""
    kind = file.lower().rpartition(".")[2]
    if kind not in {"jsonl", "ndjson", "csv"}:
        raise TaskError(
            f"{file} is neither .jsonl nor .csv", hint="Name it after what it holds. " + EXAMPLE
        )
    text = _decoded(raw, file)
    heading = Heading()
    rows: list[Row] = []
    for line, values in _csv(text, file) if kind == "csv" else _json_lines(text, file):
        if "task" in values and kind != "csv":
            if rows or heading.task is not None:
                raise fault(file, line, "the heading is not the first line")
            heading = _heading(values, file, line)
            continue
        rows.append(_row(values, file, line))
        if len(rows) > MOST_PAIRS:
            raise fault(file, line, f"there are more than {MOST_PAIRS:,} rows", "Take fewer.")
    if not rows:
        raise TaskError(f"{file} holds no prompts", hint=EXAMPLE)
    return heading, rows


def fault(file: str, line: int, detail: str, hint: str | None = None) -> TaskError:
    return TaskError(f"{file}, line {line}: {detail}", hint=hint or EXAMPLE)


def _decoded(raw: bytes, file: str) -> str:
    if len(raw) > LARGEST_FILE:
        raise TaskError(
            f"{file} has {len(raw):,} bytes", hint=f"At most {LARGEST_FILE:,} are read."
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise fault(
            file, line, f"byte {error.start + 1:,} is no UTF-8", "Save the file as UTF-8."
        ) from error


def _json_lines(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    line, last = 1, 0
    for found in LINES.finditer(text):  # a list of all lines may be of 64 million empty ones
        line += text.count("\n", last, found.start())
        last = found.start()
        written = found[0]
        if not written.strip():
            continue
        _check_signs(written, file, line)
        try:
            values = json.loads(written)
        except (ValueError, RecursionError) as error:
            raise fault(file, line, f"this is no JSON ({error})") from error
        if not isinstance(values, dict):
            raise fault(file, line, "this is no JSON object")
        yield line, values


def _csv(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows may go over several lines; the number is that of the last one."""
    if not text.strip():
        return
    reader = csv.DictReader(_bounded(text, file), strict=True)
    try:
        missing = [column for column in NEEDED if column not in (reader.fieldnames or ())]
        if missing:
            raise fault(
                file,
                1,
                f"the header has no column {' and no '.join(missing)}",
                f"The first line names the columns: {', '.join(COLUMNS)}.",
            )
        for values in reader:
            if None in values or None in values.values():
                n = len(reader.fieldnames or ())
                raise fault(file, reader.line_num, f"the row has not {n} cells as the header has")
            yield reader.line_num, _parted(cast(dict[str, str], values))
    except csv.Error as error:
        raise fault(file, reader.line_num, f"this is no CSV ({error})") from error


def _bounded(text: str, file: str) -> Iterator[str]:
    for line, written in enumerate(io.StringIO(text, newline=""), start=1):
        _check_signs(written, file, line)
        yield written


def _check_signs(written: str, file: str, line: int) -> None:
    n_signs = sum(map(written.count, ",[{"))
    if n_signs > MOST_SIGNS:
        raise fault(
            file, line, f"about {n_signs:,} values in one line; at most {MOST_SIGNS:,} are read"
        )


def _parted(values: dict[str, str]) -> dict[str, Any]:
    """Cells that hold several things apart; an empty one holds none."""
    return {
        column: [part for part in cell.split(SEVERAL) if part] if column in LISTS else cell
        for column, cell in values.items()
    }


def _heading(values: Mapping[str, Any], file: str, line: int) -> Heading:
    metric = values.get("metric", "logit_difference")
    if metric not in get_args(MetricKind):
        raise fault(
            file,
            line,
            f"there is no metric {_shown(metric)}",
            f"Known: {', '.join(get_args(MetricKind))}.",
        )
    exact = values.get("exact", False)
    if not isinstance(exact, bool):
        raise fault(file, line, "exact is neither true nor false")
    return Heading(
        task=_text(values, "task", file, line, longest=LONGEST_NAME),
        metric=metric,
        raised=_texts(values, "raised", file, line, most=MOST_ANSWERS),
        lowered=_texts(values, "lowered", file, line, most=MOST_ANSWERS),
        exact=exact,
    )


def _row(values: Mapping[str, Any], file: str, line: int) -> Row:
    unknown = [str(column) for column in values if column not in COLUMNS]
    if unknown:
        raise fault(
            file, line, f"there is no column {_shown(unknown[0])}", f"Known: {', '.join(COLUMNS)}."
        )
    clean, counterfactual = (
        _text(values, column, file, line, longest=LONGEST_TEXT) for column in NEEDED
    )
    for column, text in zip(NEEDED, (clean, counterfactual), strict=True):
        if not text.strip():
            raise fault(file, line, f"{column} is empty")
    return Row(
        line=line,
        clean=clean,
        counterfactual=counterfactual,
        answer=_texts(values, "answer", file, line, most=MOST_ANSWERS),
        wrong=_texts(values, "wrong", file, line, most=MOST_ANSWERS),
        name=_text({"name": "", **values}, "name", file, line, longest=LONGEST_NAME),
        template=_text({"template": "", **values}, "template", file, line, longest=LONGEST_NAME),
        words=_texts(values, "words", file, line, most=MOST_WORDS),
    )


def _text(values: Mapping[str, Any], column: str, file: str, line: int, *, longest: int) -> str:
    value = values.get(column)
    if not isinstance(value, str):
        raise fault(file, line, f"{column} is missing or no text")
    _check_text(value, column, file, line, longest)
    return value


def _texts(
    values: Mapping[str, Any], column: str, file: str, line: int, *, most: int
) -> tuple[str, ...]:
    """One text or a list of texts; none where the column is missing, empty or null."""
    value = values.get(column)
    listed = [] if value in (None, "") else [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
        raise fault(file, line, f"{column} is neither a text nor a list of texts")
    if len(listed) > most:
        raise fault(file, line, f"{column} has {len(listed):,} texts; at most {most:,} are read")
    for one in listed:
        _check_text(one, column, file, line, LONGEST_NAME)
    return tuple(listed)


def _shown(value: object) -> str:
    """As an error may quote it."""
    if isinstance(value, dict | list):
        return "that is an object or a list"
    text = repr(value[: LONGEST_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _check_text(text: str, column: str, file: str, line: int, longest: int) -> None:
    if len(text) > longest:
        raise fault(
            file, line, f"{column} has {len(text):,} characters; at most {longest:,} are read"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise fault(file, line, f"{column} holds half a character (a lone surrogate)") from None
