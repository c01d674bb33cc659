"""Turns stored rows of scores into what views hold."""

from collections.abc import Iterable
from math import isfinite
from typing import Any

from sqlalchemy import Row

from app.store.packing import METRICS, NOT_ASKED, PROTOCOLS, unpack_scores
from app.store.views.score import BaselinesView, HeadlineView, ScoreStatus, ScoreView


def score_views(row: Row[*tuple[Any, ...]]) -> list[ScoreView]:
    """All metrics of one row of `queries.score.ROW`."""
    values = unpack_scores(row.values).tolist()
    return [
        _score_view(row, metric, numbers) for metric, numbers in zip(METRICS, values, strict=True)
    ]


def headline_views(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[HeadlineView]:
    """r of each split: test first; where several judged, the program's, else the first by name."""
    chosen: dict[str, Row[*tuple[Any, ...]]] = {}
    for row in sorted(rows, key=lambda row: (row.judge != "program", row.judge)):
        chosen.setdefault(row.split, row)
    return [_headline(chosen[split]) for split in sorted(chosen, key=_place)]


def _place(split: str) -> tuple[int, str]:
    return (0 if split == "test" else 1 if split.startswith("ood:") else 2, split)


def _headline(row: Row[*tuple[Any, ...]]) -> HeadlineView:
    numbers = unpack_scores(row.values)[0].tolist()
    status, value = _status(row.score_status, numbers)
    return HeadlineView(
        split=row.split,
        judge=row.judge,
        status=status,
        reason=None if status in ("ok", "not run") else row.reason,
        r=value,
        low=_finite(numbers[1]),
        high=_finite(numbers[2]),
        baselines=_baselines(numbers),
        n_windows=row.n_windows,
        n_documents=row.n_documents,
    )


def _score_view(row: Row[*tuple[Any, ...]], metric: str, numbers: list[float]) -> ScoreView:
    status, value = _status(row.score_status, numbers)
    return ScoreView(
        metric=metric,
        protocol=PROTOCOLS[metric],
        split=row.split,
        judge=row.judge,
        status=status,
        reason=None if status in ("ok", "not run") else row.reason,
        value=value,
        low=_finite(numbers[1]),
        high=_finite(numbers[2]),
        baselines=_baselines(numbers),
        p=row.p if metric == METRICS[0] else None,
        n_windows=row.n_windows,
        n_documents=row.n_documents,
        n_positions=row.n_positions,
        n_failed=row.n_failed,
        run_id=row.score_run_id,
    )


def _status(stored: str, numbers: list[float]) -> tuple[ScoreStatus, float | None]:
    """A metric without any number was not run, unless the whole row is undefined or failed."""
    value = numbers[0]
    if isfinite(value):
        return "ok", value
    if value == NOT_ASKED:
        return "not run", None
    if stored == "failed":
        return "failed", None
    if stored == "undefined" or any(isfinite(number) for number in numbers):
        return "undefined", None
    return "not run", None


def _baselines(numbers: list[float]) -> BaselinesView:
    mean, lookup, shuffled = (_finite(number) for number in numbers[3:6])
    return BaselinesView(mean=mean, lookup=lookup, shuffled=shuffled)


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
