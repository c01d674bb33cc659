"""An explanation as a JSON object of our own: everything that the store has of it.

    {"model", "site", "index", "text", "program", "method", "author", "bits", "n_rules", "n_listed",
     "created_at", "id", "run_id", "details": {…}, "scores": [{"split", "judge", "status", "reason",
     "n_windows", "n_documents", "n_positions", "n_failed", "r", "p",
     "metrics": {"corpus_r": {"value", "low", "high", "mean", "lookup", "shuffled", "lookup_cut",
                              "reason", "n_yes", "n_cases", "tail", "pool_prevalence",
                              "precision_in_pool"}, …}}]}

`null` is undefined; a metric that nobody asked for is not named. docs/interop.md tells it to users.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from app.exchange.details import check_details
from app.exchange.faults import FileFaultError, expected
from app.exchange.fields import LARGEST_COUNT, Fields
from app.store.claiming import LONGEST_TEXT
from app.store.packing import (
    COLUMNS,
    METRICS,
    NOT_ASKED,
    ScoreNote,
    pack_scores,
    unpack_notes,
    unpack_scores,
)
from app.store.portable import ExplanationRecord
from app.store.writing_explanations import ScoreRow

LONGEST_PROGRAM: Final = 4_000_000
LONGEST_DETAILS: Final = 1_000_000
METHODS: Final = ("lookup", "rules", "output", "language_model", "hand", "import")
STATUSES: Final = ("scored", "undefined", "failed")
LARGEST_VALUE: Final = 3e38
"""Of a metric: kept in 32 bits."""
LARGEST_R: Final = 1.001
"""Of a correlation: what was rounded in 16 bits may lie a little beyond 1."""


def to_json(record: ExplanationRecord) -> dict[str, Any]:
    return {
        "model": record.model,
        "site": record.site,
        "index": record.index,
        "text": record.text,
        "program": record.program,
        "method": record.method,
        "author": record.author,
        "bits": record.bits,
        "n_rules": record.n_rules,
        "n_listed": record.n_listed,
        "created_at": None if record.created_at is None else record.created_at.isoformat(),
        "id": record.id,
        "run_id": record.run_id,
        "details": dict(record.details),
        "scores": [score_to_json(score) for score in record.scores],
    }


def score_to_json(score: ScoreRow) -> dict[str, Any]:
    plain = {name: getattr(score, name) for name in ScoreRow._fields if name != "values"}
    notes = dict(zip(METRICS, unpack_notes(score.values), strict=True))
    metrics = {name: {**m, **notes[name]._asdict()} for name, m in metrics_of(score).items()}
    return {**plain, "metrics": metrics}


def metrics_of(score: ScoreRow) -> dict[str, dict[str, float | None]]:
    """By name and column, without what was not asked."""
    rows = unpack_scores(score.values).tolist()
    return {
        metric: {
            column: number if isfinite(number) else None
            for column, number in zip(COLUMNS, numbers, strict=True)
        }
        for metric, numbers in zip(METRICS, rows, strict=True)
        if numbers[0] != NOT_ASKED
    }


def from_json(fields: Fields) -> ExplanationRecord:
    """FileFaultError: which field is not what it must be."""
    method = fields.text("method") if "method" in fields else "import"
    if method not in METHODS:
        raise expected(fields.where.at("method"), f"one of {', '.join(METHODS)}", method)
    return ExplanationRecord(
        model=fields.text("model"),
        site=fields.text("site"),
        index=fields.whole("index"),
        text=fields.text("text", longest=LONGEST_TEXT, empty="program" in fields),
        program=fields.maybe_text("program", longest=LONGEST_PROGRAM),
        method=method,
        author=fields.text("author"),
        bits=fields.maybe_number("bits", least=0),
        n_rules=fields.maybe_whole("n_rules"),
        n_listed=fields.maybe_whole("n_listed"),
        created_at=fields.moment("created_at"),
        details=_details(fields),
        scores=_scores(fields),
    )


def _details(fields: Fields) -> Mapping[str, Any]:
    if "details" not in fields:
        return {}
    inner = fields.inner("details")
    found = {name: inner.raw(name) for name in inner}
    check_details(inner.where, found)
    if len(json.dumps(found)) > LONGEST_DETAILS:
        raise FileFaultError(inner.where, f"more than {LONGEST_DETAILS:,} characters of details")
    return found


def _scores(fields: Fields) -> tuple[ScoreRow, ...]:
    scores: dict[tuple[str, str], ScoreRow] = {}
    for one in fields.objects("scores"):
        score = _score(one)
        if (score.split, score.judge) in scores:
            raise FileFaultError(one.where, f"a second score on {score.split} by {score.judge}")
        scores[score.split, score.judge] = score
    return tuple(scores.values())


def _score(fields: Fields) -> ScoreRow:
    status = fields.text("status") if "status" in fields else "scored"
    if status not in STATUSES:
        raise expected(fields.where.at("status"), f"one of {', '.join(STATUSES)}", status)
    metrics = fields.inner("metrics")
    for name in metrics:
        if name not in METRICS:
            raise expected(metrics.where.at(name), f"a metric: one of {', '.join(METRICS)}", name)
    numbers = {name: _metric(metrics.inner(name)) for name in metrics}
    r = fields.maybe_number("r", least=-LARGEST_R, most=LARGEST_R)
    if r is None and "corpus_r" in numbers:
        told = metrics.inner("corpus_r")
        r = told.maybe_number("value", least=-LARGEST_R, most=LARGEST_R)
    return ScoreRow(
        split=fields.text("split"),
        judge=fields.text("judge"),
        status=status,
        reason=fields.maybe_text("reason", longest=LONGEST_TEXT),
        n_windows=fields.maybe_whole("n_windows") or 0,
        n_documents=fields.maybe_whole("n_documents") or 0,
        n_positions=fields.whole("n_positions", most=LARGEST_COUNT)
        if "n_positions" in fields
        else 0,
        n_failed=fields.maybe_whole("n_failed") or 0,
        r=r,
        p=fields.maybe_number("p", least=0, most=1),
        values=pack_scores(numbers, {name: _note(metrics.inner(name)) for name in metrics}),
    )


def _metric(fields: Fields) -> list[float | None]:
    return [
        fields.maybe_number(column, least=-LARGEST_VALUE, most=LARGEST_VALUE) for column in COLUMNS
    ]


def _note(fields: Fields) -> ScoreNote:
    """A reason or a tail in other words than ours has no place in a row of the store."""
    return ScoreNote(
        fields.maybe_text("reason", longest=LONGEST_TEXT),
        fields.maybe_whole("n_yes"),
        fields.maybe_whole("n_cases"),
        fields.maybe_text("tail", longest=LONGEST_TEXT),
        fields.maybe_number("pool_prevalence", least=0, most=1),
        fields.maybe_number("precision_in_pool", least=0, most=1),
    )
