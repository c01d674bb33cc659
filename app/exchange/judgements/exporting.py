"""Judgements taken out: raw, a row for each, or as consensus, a row for each explanation; and a
manifest that says what they are and how far people agree.

With `numbers`, people are told apart by numbers that are dealt out anew each time, and what would
name them all the same (ids, exact times) is left out; what they wrote in their notes is not.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from app.agreement.consensus import Consensus, consensus_of
from app.agreement.measuring import alphas_of
from app.exchange.judgements.columns import COLUMNS, Table
from app.exchange.judgements.naming import annotator_of
from app.store.queries.asked_judgements import Asked
from app.store.queries.decision import decisions_counting
from app.store.queries.given import Given, given
from app.store.queries.judged_units import JudgedUnit, guidelines_of, judged_units, weights_of

Annotators = Literal["names", "numbers"]
VERSION: Final = 1
RULES: Final = {
    "raw": "Of a campaign, what was given in it, unseen by others, whatever its author said later; "
    "of a model, what its authors stand by at the time of the export.",
    "consensus": "verdict: the reviewer's decision that counts; else what most people say; null "
    "where as many say another thing (tied).",
}


@dataclass(frozen=True)
class Taken:
    """What leaves: rows by their columns, and what they are."""

    table: Table
    rows: list[Mapping[str, Any]]
    manifest: dict[str, Any]

    @property
    def columns(self) -> dict[str, Any]:
        return dict(COLUMNS[self.table])


def take_out(
    session: Session, asked: Asked, *, table: Table = "raw", annotators: Annotators = "names"
) -> Taken:
    """By explanation, in the order in which judgements were given. BadRequestError: they are too
    many."""
    found = given(session, asked)
    ids = sorted({row.explanation_id for row in found})
    units = judged_units(session, ids)
    names = _names(found, annotators)
    decisions = decisions_counting(session, ids)
    rows: list[Mapping[str, Any]]
    if table == "raw":
        hidden = annotators == "numbers"
        rows = [_raw(row, asked, units, names, hidden=hidden) for row in found]
    else:
        agreed = consensus_of(found, decisions)
        rows = [_consensus(one, asked, units, named=annotators == "names") for one in agreed]
    manifest = {
        "format": "patchclamp judgements",
        "version": VERSION,
        "table": table,
        "columns": COLUMNS[table],
        "rule": RULES[table],
        "model": asked.model,
        "weights_sha256": weights_of(session, asked),
        "campaign": asked.campaign,
        "guidelines": guidelines_of(session, asked),
        "annotators": annotators,
        "n_rows": len(rows),
        "n_explanations": len(ids),
        "n_judgements": len(found),
        "n_people": len(names),
        "n_decided": len(decisions),
        "alpha": [one.model_dump() for one in alphas_of(found)],
        "taken_at": datetime.now(UTC).isoformat(),
    }
    return Taken(table, rows, manifest)


def _names(rows: Sequence[Given], annotators: Annotators) -> dict[str, str]:
    """How each person is called; by numbers in an order that nobody can find again."""
    people = sorted({row.actor for row in rows})
    if annotators == "names":
        return {actor: annotator_of(actor, _origin(actor, rows)) for actor in people}
    secrets.SystemRandom().shuffle(people)
    return {actor: f"annotator {number}" for number, actor in enumerate(people, start=1)}


def _origin(actor: str, rows: Iterable[Given]) -> str | None:
    return next(row.origin for row in rows if row.actor == actor)


def _raw(
    row: Given,
    asked: Asked,
    units: Mapping[int, JudgedUnit],
    names: Mapping[str, str],
    *,
    hidden: bool,
) -> dict[str, Any]:
    came = row.imported or {}
    return {
        **_about(row.explanation_id, asked, units),
        "annotator": names[row.actor],
        "origin": row.origin,
        "verdict": row.verdict,
        "specificity": row.specificity,
        "sensitivity": row.sensitivity,
        "several_meanings": row.several_meanings,
        "tags": list(row.tags),
        "note": row.note,
        "seconds": came.get("seconds") if row.seconds is None else row.seconds,
        "campaign": row.campaign or came.get("campaign"),
        "guideline": row.guideline or came.get("guideline"),
        "expected": row.expected or came.get("expected"),
        "created_at": None if hidden else row.created_at,
        "id": None if hidden else row.id,
    }


def _consensus(
    one: Consensus, asked: Asked, units: Mapping[int, JudgedUnit], *, named: bool
) -> dict[str, Any]:
    specificity, n_specificity = one.mean("specificity")
    sensitivity, n_sensitivity = one.mean("sensitivity")
    return {
        **_about(one.explanation_id, asked, units),
        "verdict": one.verdict,
        "settled_by": one.settled_by,
        "majority": one.majority,
        "tied": list(one.tied),
        "n": one.n,
        **{f"n_{verdict}": n for verdict, n in one.counts.items()},
        "specificity": specificity,
        "n_specificity": n_specificity,
        "sensitivity": sensitivity,
        "n_sensitivity": n_sensitivity,
        "n_several_meanings": sum(row.several_meanings for row in one.rows),
        "decided_by": one.decision.actor if one.decision is not None and named else None,
        "reason": None if one.decision is None else one.decision.reason,
        "expected": next((row.expected for row in one.rows if row.expected), None),
        "campaign": asked.campaign,
    }


def _about(number: int, asked: Asked, units: Mapping[int, JudgedUnit]) -> dict[str, Any]:
    unit = units[number]
    return {
        "model": asked.model, "site": unit.site, "index": unit.index, "explanation": number,
        "version": unit.version, "text": unit.text,
    }  # fmt: skip
