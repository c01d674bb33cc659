"""How many of each site's randomly chosen units earn each badge, with every unit counted that was
chosen: also those without an explanation that could be tested."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.score.badges import BADGES, Badge
from analysis.worker.evidencing.claims import Claim
from analysis.worker.evidencing.texts import TEST
from app.store.queries.explanation import lines_of
from app.store.tables import CausalScoreTable
from app.store.views.explanation import ExplanationLine
from app.store.writing_causal import CausalSummaryRow

BEHIND = {"controls": "control_precision", "replaces": "ablation_to_simulation"}
"""Whose mean is told; of `predicts` it is r."""
BATCH = 2000
"""Explanations that are read together: a database takes only so many numbers at once."""


def summaries(session: Session, *, site_id: int, claims: Sequence[Claim]) -> list[CausalSummaryRow]:
    """`claims`: of the units that are done."""
    ids = [number for claim in claims for number in (claim.rules, claim.output) if number]
    lines: dict[int, ExplanationLine] = {}
    values: dict[tuple[int, str], float] = {}
    for start in range(0, len(ids), BATCH):
        lines |= lines_of(session, ids[start : start + BATCH])
        values |= _values(session, ids[start : start + BATCH])
    return [_row(site_id, badge, claims, lines, values) for badge in BADGES]


def _row(
    site_id: int,
    badge: Badge,
    claims: Sequence[Claim],
    lines: dict[int, ExplanationLine],
    values: dict[tuple[int, str], float],
) -> CausalSummaryRow:
    standings: Counter[str] = Counter()
    found: list[float] = []
    for claim in claims:
        number = claim.output if badge == "controls" else claim.rules
        standing = None if number is None else _standing(lines[number], badge)
        standings[standing or "untested"] += 1
        value = None if number is None else _value(lines[number], badge, values)
        if value is not None:
            found.append(value)
    return CausalSummaryRow(
        site_id=site_id,
        split=TEST,
        badge=badge,
        n_units=len(claims),
        n_earned=standings["earned"],
        n_refuted=standings["refuted"],
        n_undecided=standings["undecided"],
        n_untested=standings["untested"],
        n_valued=len(found),
        mean=sum(found) / len(found) if found else None,
    )


def _standing(line: ExplanationLine, badge: Badge) -> str | None:
    return next((one.standing for one in line.badges if one.name == badge), None)


def _value(
    line: ExplanationLine, badge: Badge, values: dict[tuple[int, str], float]
) -> float | None:
    if badge == "predicts":
        return None if line.headline is None else line.headline.r
    return values.get((line.id, BEHIND[badge]))


def _values(session: Session, ids: Sequence[int]) -> dict[tuple[int, str], float]:
    score = CausalScoreTable
    rows = session.execute(
        select(score.explanation_id, score.score, score.value)
        .where(score.explanation_id.in_(list(ids)), score.split == TEST, score.value.is_not(None))
        .order_by(score.run_id)
    )
    return {(row.explanation_id, row.score): row.value for row in rows}
