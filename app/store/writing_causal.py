"""Writes predictions, and what became of them and of explanations that took their unit's place.

A prediction is inserted once and never changed; scores of control name theirs, and are refused
where it is not older than the runs that they come from.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, insert, select, tuple_

from app.store.tables import (
    CausalScoreTable,
    CausalSummaryTable,
    PredictionTable,
    SiteReplacementTable,
)

BATCH: Final = 500
OF_CONTROL: Final = frozenset({"control_precision", "control_sign"})


class CausalRow(NamedTuple):
    """One score of `CausalScoreTable`, but for its run."""

    explanation_id: int
    prediction_id: int | None
    split: str
    score: str
    status: str
    reason: str | None
    value: float | None
    low: float | None
    high: float | None
    foil: float | None
    lookup_cut: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    p: float | None
    foil_unit: int | None
    n_windows: int
    n_documents: int
    n_positions: int
    measured_at: datetime
    details: Mapping[str, Any]


class SiteReplacementRow(NamedTuple):
    site_id: int
    split: str
    score: str
    n_replaced: int
    status: str
    reason: str | None
    value: float | None
    low: float | None
    high: float | None
    foil: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    n_windows: int
    n_documents: int
    n_positions: int
    measured_at: datetime


class CausalSummaryRow(NamedTuple):
    site_id: int
    split: str
    badge: str
    n_units: int
    n_earned: int
    n_refuted: int
    n_undecided: int
    n_untested: int
    n_valued: int
    mean: float | None
    median: float | None
    by_luck: float


def canonical(content: Mapping[str, Any]) -> tuple[str, str]:
    """As JSON with sorted keys and without blanks, and the SHA-256 of that."""
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text, hashlib.sha256(text.encode()).hexdigest()


def write_predictions(
    connection: Connection, *, run_id: int, contents: Mapping[int, Mapping[str, Any]], at: datetime
) -> dict[int, int]:
    """By explanation the id of its prediction in this run; what was predicted before stays."""
    table = PredictionTable
    if not contents:
        return {}
    known = select(table.explanation_id, table.id).where(
        table.run_id == run_id, table.explanation_id.in_(list(contents))
    )
    ids = {row.explanation_id: row.id for row in connection.execute(known)}
    for number, content in contents.items():
        if number in ids:
            continue
        text, digest = canonical(content)
        added = connection.execute(
            insert(table)
            .values(
                explanation_id=number, run_id=run_id, sha256=digest, created_at=at, content=text
            )
            .returning(table.id)
        )
        ids[number] = added.scalar_one()
    return ids


def write_causal_scores(connection: Connection, *, run_id: int, rows: Sequence[CausalRow]) -> None:
    """Each replaces the run's of the same explanation, split and score; other runs' stay.

    Raises:
        ValueError: a score of control without a prediction that is older than its runs.
    """
    _check_order(connection, rows)
    table = CausalScoreTable
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        keys = [(row.explanation_id, row.split, row.score) for row in some]
        connection.execute(
            delete(table).where(
                table.run_id == run_id,
                tuple_(table.explanation_id, table.split, table.score).in_(keys),
            )
        )
        connection.execute(insert(table), [{"run_id": run_id, **row._asdict()} for row in some])


def _check_order(connection: Connection, rows: Sequence[CausalRow]) -> None:
    table = PredictionTable
    ids = {row.prediction_id for row in rows if row.prediction_id is not None}
    query = select(table.id, table.explanation_id, table.created_at).where(table.id.in_(ids))
    known = {row.id: row for row in connection.execute(query)}
    for row in rows:
        if row.score not in OF_CONTROL or row.status != "scored":
            continue
        said = known.get(row.prediction_id or 0)
        if said is None or said.explanation_id != row.explanation_id:
            raise ValueError(f"{row.score} of explanation {row.explanation_id}: nothing predicted")
        if said.created_at > row.measured_at:
            raise ValueError(
                f"{row.score} of explanation {row.explanation_id} was measured at "
                f"{row.measured_at}, before it was predicted at {said.created_at}"
            )


def write_site_replacements(
    connection: Connection, *, run_id: int, rows: Sequence[SiteReplacementRow]
) -> None:
    """Each replaces the run's of the same site, split and score."""
    table = SiteReplacementTable
    for row in rows:
        connection.execute(
            delete(table).where(
                table.run_id == run_id, table.site_id == row.site_id,
                table.split == row.split, table.score == row.score,
            )
        )  # fmt: skip
        connection.execute(insert(table).values(run_id=run_id, **row._asdict()))


def write_causal_summaries(
    connection: Connection, *, run_id: int, rows: Sequence[CausalSummaryRow]
) -> None:
    """Replaces all summaries of the run."""
    table = CausalSummaryTable
    connection.execute(delete(table).where(table.run_id == run_id))
    if rows:
        connection.execute(insert(table), [{"run_id": run_id, **row._asdict()} for row in rows])
