"""Turns stored rows of scores into what views hold."""

from collections.abc import Iterable
from math import isfinite
from typing import Any, cast

from sqlalchemy import Row

from app.store.packing import (
    IN_POOL,
    METRICS,
    NOT_ASKED,
    PROTOCOLS,
    ScoreNote,
    unpack_notes,
    unpack_reason,
    unpack_scores,
)
from app.store.reasons import BOUNDARY, NO_JUDGE
from app.store.views.score import (
    IMPORTED,
    BaselinesView,
    HeadlineView,
    ScoreStatus,
    ScoreView,
    Tail,
)


def score_views(row: Row[*tuple[Any, ...]]) -> list[ScoreView]:
    """All metrics of one row of `queries.score.ROW`."""
    values = unpack_scores(row.values).tolist()
    return [
        _score_view(row, metric, numbers, note)
        for metric, numbers, note in zip(METRICS, values, unpack_notes(row.values), strict=True)
    ]


def headline_views(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[HeadlineView]:
    """r of each split: test first; where several judged, the program's, else the first by name, and
    what an import told only where nobody judged here."""
    chosen: dict[str, Row[*tuple[Any, ...]]] = {}
    for row in sorted(rows, key=_precedence):
        chosen.setdefault(row.split, row)
    return [_headline(chosen[split]) for split in sorted(chosen, key=_place)]


def _precedence(row: Row[*tuple[Any, ...]]) -> tuple[bool, bool, str]:
    return (row.judge.startswith(IMPORTED), row.judge != "program", row.judge)


def _place(split: str) -> tuple[int, str]:
    return (0 if split == "test" else 1 if split.startswith("ood:") else 2, split)


def _headline(row: Row[*tuple[Any, ...]]) -> HeadlineView:
    numbers = unpack_scores(row.values)[0].tolist()
    known = unpack_reason(row.values)
    status, value = _status(row.score_status, numbers, known)
    low, high = _interval(numbers)
    return HeadlineView(
        split=row.split,
        judge=row.judge,
        status=status,
        reason=_reason(row, status, numbers, known),
        r=value,
        low=low,
        high=high,
        p=row.p,
        baselines=_baselines(numbers),
        n_windows=row.n_windows,
        n_documents=row.n_documents,
    )


def _score_view(
    row: Row[*tuple[Any, ...]], metric: str, numbers: list[float], note: ScoreNote
) -> ScoreView:
    status, value = _status(row.score_status, numbers, note.reason)
    low, high = _interval(numbers)
    return ScoreView(
        metric=metric,
        protocol=PROTOCOLS[metric],
        split=row.split,
        judge=row.judge,
        status=status,
        reason=_reason(row, status, numbers, note.reason),
        value=value,
        low=low,
        high=high,
        baselines=_baselines(numbers),
        p=row.p if metric == METRICS[0] else None,
        n_yes=note.n_yes,
        n_cases=note.n_cases,
        tail=cast(Tail | None, note.tail),
        **_prevalence(row.judge, metric, value, note),
        n_windows=row.n_windows,
        n_documents=row.n_documents,
        n_positions=row.n_positions,
        n_failed=row.n_failed,
        run_id=row.score_run_id,
    )


def _prevalence(
    judge: str, metric: str, value: float | None, note: ScoreNote
) -> dict[str, float | None]:
    """A program judges all windows of the pool, others what was chosen of it."""
    if metric != IN_POOL or not note.n_cases or note.n_yes is None:
        return {}
    judged = note.n_yes / note.n_cases
    of_all = judge == "program"
    return {
        "prevalence": judged,
        "pool_prevalence": judged if of_all else note.pool_prevalence,
        "precision_in_pool": value if of_all else note.precision_in_pool,
    }


def _status(
    stored: str, numbers: list[float], known: str | None
) -> tuple[ScoreStatus, float | None]:
    """A metric without any number was not run, unless the whole row is undefined or failed, or it
    is known why the metric is."""
    value = numbers[0]
    if isfinite(value):
        return "ok", value
    if value == NOT_ASKED:
        return "not run", None
    if stored == "failed":
        return "failed", None
    if known is not None and known != NO_JUDGE:
        return "undefined", None
    if stored == "undefined" or any(isfinite(number) for number in numbers):
        return "undefined", None
    return "not run", None


def _interval(numbers: list[float]) -> tuple[float | None, float | None]:
    """None where both ends are one number: resamples that all agree, as at the edge of what a
    metric can be, measure no uncertainty. Rows stored before say so nowhere else."""
    low, high = numbers[1:3]
    return (None, None) if low == high else (_finite(low), _finite(high))


def _reason(
    row: Row[*tuple[Any, ...]], status: ScoreStatus, numbers: list[float], known: str | None
) -> str | None:
    """The metric's own, where it is stored, else that of the whole row; of a number that has no
    interval why it has none."""
    if status == "not run":
        return None
    if status == "ok":
        return BOUNDARY if numbers[1] == numbers[2] else known
    return known or row.reason


def _baselines(numbers: list[float]) -> BaselinesView:
    mean, lookup, shuffled, cut = (_finite(number) for number in numbers[3:7])
    return BaselinesView(mean=mean, lookup=lookup, shuffled=shuffled, lookup_cut=cut)


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
