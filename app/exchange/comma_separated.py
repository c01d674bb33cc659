"""Comma-separated values for spreadsheets: a row for each explanation, with its test scores.

A cell that begins with = + - @, also full-width, a tab, the end of a line or an apostrophe would be
a formula, or would be eaten by a spreadsheet; it gets an apostrophe before it, which reading takes
off again. Other splits, and details,
have no place here.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from app.exchange.faults import FileFaultError, Where
from app.exchange.fields import MOST_FIELDS, Fields
from app.exchange.input import InputFile
from app.exchange.reading import Records, Row
from app.exchange.record_json import LONGEST_PROGRAM, from_json, metrics_of
from app.store.packing import COLUMNS, METRICS
from app.store.portable import ExplanationRecord
from app.store.writing_explanations import ScoreRow

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
AT_ONCE: Final = 200
RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")
TEXTS: Final = ("model", "site", "method", "author", "text", "program", "created_at")
WHOLE: Final = ("index", "n_rules", "n_listed", "id", "run_id")
COUNTS: Final = ("n_windows", "n_documents", "n_positions", "n_failed")
SPLIT: Final = "test"
HEADLINE: Final = METRICS[0]
NUMBERS: Final = {
    **{f"test_{metric}": (metric, "value") for metric in METRICS},
    **{f"test_{HEADLINE}_{column}": (HEADLINE, column) for column in COLUMNS[1:]},
}
"""Column of the table: metric and column of the score."""
HEADER: Final = (
    "model", "site", "index", "method", "author", "text", "program", "bits", "n_rules", "n_listed",
    "created_at", "id", "run_id", "test_judge", "test_status",
    *(f"test_{name}" for name in COUNTS), *NUMBERS,
)  # fmt: skip
NEEDED: Final = ("model", "site", "index", "author", "text")


def encode(records: Iterable[ExplanationRecord]) -> Iterator[bytes]:
    rows: list[Sequence[object]] = [HEADER]
    for record in records:
        cells = _cells(record)
        rows.append([cells[name] for name in HEADER])
        if len(rows) >= AT_ONCE:
            yield lines_of(rows)
            rows = []
    yield lines_of(rows)


def read(file: InputFile) -> Iterator[Row]:
    for place, header, cells in read_cells(file, needed=NEEDED):
        yield Row(place, partial(_parse, place, header, cells))


def read_cells(
    file: InputFile, *, needed: Sequence[str]
) -> Iterator[tuple[Where, list[str], list[str]]]:
    """Each row's place, the header, and its cells, which may be fewer or more. FileFaultError: the
    header lacks what is needed, or it is no table."""
    csv.field_size_limit(LONGEST_PROGRAM)
    rows = _cut(file)
    where, header = next(rows, (file.where(1), []))
    header = [name.strip() for name in header]
    missing = [name for name in needed if name not in header]
    if missing or len(header) > MOST_FIELDS:
        problem = f"the header lacks {', '.join(missing)}" if missing else "too many columns"
        raise FileFaultError(
            where, problem, hint=f"The first line names the columns, {', '.join(needed)} at least."
        )
    for place, cells in rows:
        yield place, header, cells


def escaped(text: str) -> str:
    return f"'{text}" if text.startswith(RISKY) else text


def unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(RISKY) else text


def _cut(file: InputFile) -> Iterator[tuple[Where, list[str]]]:
    """Rows of cells with the line that each begins in."""
    number = 1
    reader = csv.reader(_decoded(file), strict=True)
    while True:
        where = file.where(number)
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise FileFaultError(where, f"expected comma-separated values: {error}") from None
        if cells is None:
            return
        number = reader.line_num + 1
        if cells:
            yield where, cells


def _decoded(file: InputFile) -> Iterator[str]:
    for number, line in enumerate(file.lines(), start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            problem = f"byte {error.start + 1:,} is no UTF-8"
            raise FileFaultError(
                file.where(number), problem, hint="Save the table as CSV in UTF-8."
            ) from None


def _parse(where: Where, header: Sequence[str], cells: Sequence[str]) -> Records:
    if len(cells) != len(header):
        raise FileFaultError(where, f"expected {len(header)} cells, found {len(cells)}")
    found = dict(zip(header, cells, strict=True))
    values: dict[str, Any] = {n: unescaped(found[n]) for n in TEXTS if found.get(n)}
    values |= {n: _number(where.at(n), found[n]) for n in (*WHOLE, "bits") if found.get(n)}
    values.setdefault("text", "")
    score = {n: found[n] for n in found if n.startswith("test_") and found[n]}
    if score.keys() & {"test_judge", *NUMBERS}:
        values["scores"] = [_score(where, score)]
    return (from_json(Fields(where, values)),)


def _score(where: Where, cells: dict[str, str]) -> dict[str, Any]:
    metrics: dict[str, dict[str, float]] = {}
    for name, (metric, column) in NUMBERS.items():
        if name in cells:
            metrics.setdefault(metric, {})[column] = _number(where.at(name), cells[name])
    counts = {n: _number(where.at(n), cells[f"test_{n}"]) for n in COUNTS if f"test_{n}" in cells}
    judge = unescaped(cells.get("test_judge", "unknown"))
    status = cells.get("test_status", "scored")
    return {"split": SPLIT, "judge": judge, "status": status, "metrics": metrics, **counts}


def _number(where: Where, text: str) -> float:
    try:
        return int(text) if text.isdigit() and len(text) < 20 else float(text)
    except ValueError:
        raise FileFaultError(where, f"expected a number, found {text[:40]!r}") from None


def _cells(record: ExplanationRecord) -> dict[str, object]:
    cells: dict[str, object] = dict.fromkeys(HEADER)
    cells |= {n: getattr(record, n) for n in (*WHOLE, "bits")}
    cells |= {
        "model": escaped(record.model),
        "site": escaped(record.site),
        "method": record.method,
        "author": escaped(record.author),
        "text": escaped(record.text),
        "program": None if record.program is None else escaped(record.program),
        "created_at": None if record.created_at is None else record.created_at.isoformat(),
    }
    score = headline_of(record)
    if score is not None:
        metrics = metrics_of(score)
        cells |= {"test_judge": escaped(score.judge), "test_status": score.status}
        cells |= {f"test_{name}": getattr(score, name) for name in COUNTS}
        cells |= {n: metrics.get(metric, {}).get(c) for n, (metric, c) in NUMBERS.items()}
    return cells


def headline_of(record: ExplanationRecord) -> ScoreRow | None:
    """On the test split: the program's own score, else the first judge's by name."""
    tested = [score for score in record.scores if score.split == SPLIT]
    return min(tested, key=lambda score: (score.judge != "program", score.judge), default=None)


def lines_of(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
