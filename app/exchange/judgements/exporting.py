"""Judgements taken out: raw, a row for each, or as consensus, a row for each explanation; of a
campaign, what people skipped; and a manifest that says what they are and how far people agree.

With `numbers`, people are told apart by numbers that are dealt out anew each time, and what would
name them all the same (ids, exact times) is left out; what they wrote in their notes is not.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from app.agreement.consensus import LEAST, Consensus, consensus_of
from app.agreement.measuring import alphas_of
from app.exchange.judgements.columns import COLUMNS, Table
from app.exchange.judgements.naming import annotator_of
from app.store.queries.asked_judgements import Asked
from app.store.queries.campaign_plan import CampaignPlan, Skip, plan_of, skips_of
from app.store.queries.decision import decisions_counting
from app.store.queries.given import Given, given
from app.store.queries.judged_units import JudgedUnit, guidelines_of, judged_units, weights_of

Annotators = Literal["names", "numbers"]
VERSION: Final = 1
RULES: Final = {
    "raw": "Of a campaign, what was given in it, unseen by others, whatever its author said later; "
    "of a model, what its authors stand by at the time of the export. expected: a gold item, whose "
    "answer was known; alpha is without them. sequence: the place among the judgements of its "
    "author that are here. several_meanings: null where it was not asked. peeked: its author had "
    "opened what shows scores meanwhile; null outside of campaigns.",
    "consensus": "verdict: the reviewer's decision that counts, of a campaign the last one made in "
    f"it; else the plurality, what more people say than anything else, of {LEAST} at least; null "
    "where as many say another thing (tied). settled_by: decision, plurality, tie, or single: one "
    "person alone has judged it. complete: n has reached n_wanted. expected: a gold item.",
    "skips": "Items of the campaign that somebody would not judge, and why. after: how many "
    "judgements of the same person that are in the raw table came before.",
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
    skips = skips_of(session, asked)
    ids = sorted({row.explanation_id for row in found})
    units = judged_units(session, sorted({*ids, *(one.explanation_id for one in skips)}))
    names = _names(found, skips, annotators)
    decisions = decisions_counting(session, ids, campaign_id=asked.campaign_id)
    plan = plan_of(session, asked)
    hidden = annotators == "numbers"
    rows: list[Mapping[str, Any]]
    if table == "raw":
        places = sequence_of(found)
        rows = [_raw(row, asked, units, names, places[row.id], hidden=hidden) for row in found]
    elif table == "skips":
        before = n_before(found, skips)
        rows = [
            {
                **_about(one.explanation_id, asked, units), "annotator": names[one.actor],
                "reason": one.reason, "after": n, "campaign": asked.campaign,
                "skipped_at": None if hidden else one.ended_at,
            }
            for one, n in zip(skips, before, strict=True)
        ]  # fmt: skip
    else:
        agreed = consensus_of(found, decisions, n_wanted=None if plan is None else plan.n_per_item)
        rows = [_consensus(one, asked, units, named=not hidden) for one in agreed]
    study = [row for row in found if not row.is_gold]
    manifest = {
        "format": "patchclamp judgements",
        "version": VERSION,
        "table": table,
        "columns": COLUMNS[table],
        "rule": RULES[table],
        "model": asked.model,
        "weights_sha256": weights_of(session, asked),
        "campaign": asked.campaign,
        "plan": None if plan is None else _plan(plan),
        "guidelines": guidelines_of(session, asked),
        "annotators": annotators,
        "n_rows": len(rows),
        "n_explanations": len(ids),
        "n_units": len({row.unit for row in found}),
        "n_judgements": len(found),
        "n_gold_judgements": len(found) - len(study),
        "n_peeked": sum(bool(row.peeked) for row in found),
        "n_people": len({row.actor for row in found}),
        "n_decided": len(decisions),
        "alpha": [one.model_dump() for one in alphas_of(study)],
        "taken_at": datetime.now(UTC).isoformat(),
    }
    return Taken(table, rows, manifest)


def sequence_of(rows: Sequence[Given]) -> dict[int, int]:
    """By judgement: the how many-th of its author's it is, from 1."""
    places: dict[int, int] = {}
    n_of: dict[str, int] = defaultdict(int)
    for row in sorted(rows, key=lambda row: (row.created_at, row.id)):
        n_of[row.actor] += 1
        places[row.id] = n_of[row.actor]
    return places


def n_before(rows: Sequence[Given], skips: Sequence[Skip]) -> list[int]:
    """Of each: how many judgements its person had given."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        times[row.actor].append(row.created_at)
    return [sum(at <= one.ended_at for at in times[one.actor]) for one in skips]


def _plan(plan: CampaignPlan) -> dict[str, Any]:
    told = plan._asdict()
    ended_at = None if plan.ended_at is None else plan.ended_at.isoformat()
    return told | {"created_at": plan.created_at.isoformat(), "ended_at": ended_at}


def _names(rows: Sequence[Given], skips: Sequence[Skip], annotators: Annotators) -> dict[str, str]:
    """How each person is called; by numbers in an order that nobody can find again."""
    people = sorted({row.actor for row in rows} | {one.actor for one in skips})
    if annotators == "names":
        return {actor: annotator_of(actor, _origin(actor, rows)) for actor in people}
    secrets.SystemRandom().shuffle(people)
    return {actor: f"annotator {number}" for number, actor in enumerate(people, start=1)}


def _origin(actor: str, rows: Iterable[Given]) -> str | None:
    return next((row.origin for row in rows if row.actor == actor), None)


def _raw(
    row: Given,
    asked: Asked,
    units: Mapping[int, JudgedUnit],
    names: Mapping[str, str],
    place: int,
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
        "sequence": place,
        "peeked": row.peeked,
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
    n_several, n_asked = one.several_meanings
    return {
        **_about(one.explanation_id, asked, units),
        "verdict": one.verdict,
        "settled_by": one.settled_by,
        "plurality": one.plurality,
        "tied": list(one.tied),
        "n": one.n,
        "n_wanted": one.n_wanted,
        "complete": one.is_complete,
        **{f"n_{verdict}": n for verdict, n in one.counts.items()},
        "specificity": specificity,
        "n_specificity": n_specificity,
        "sensitivity": sensitivity,
        "n_sensitivity": n_sensitivity,
        "n_several_meanings": n_several,
        "n_asked_several_meanings": n_asked,
        "decided_by": one.decision.actor if one.decision is not None and named else None,
        "decided_in": None if one.decision is None else one.decision.campaign,
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
