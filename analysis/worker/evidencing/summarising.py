"""How many of each site's randomly chosen neurons earn each badge, with every unit counted that was
chosen: also those without an explanation that could be tested.

Beside them stands how many would earn it by luck. *predicts* and *controls* ask for p ≤ 5 % among
the explanations, or the moves, of other units, so 5 % of those tested are the most to expect.
*replaces* is compared with a single other explanation, whose luck counts as well; there the units
are told whose *other* explanation is better by as much: were no explanation of its unit, as many
would fall on either side. (So decoys are counted where proteins are searched: J. Elias and S. Gygi,
*Target-decoy search strategy*, 2007.)
"""

from collections import Counter
from collections.abc import Sequence
from statistics import mean, median
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.score.badges import BADGES, CHANCE, Badge
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


class Found(NamedTuple):
    value: float
    beaten: bool
    """Whether another unit's explanation does better, with all of the interval of that."""


Behind = dict[tuple[int, str], Found]
"""By explanation and score."""


def summaries(session: Session, *, site_id: int, claims: Sequence[Claim]) -> list[CausalSummaryRow]:
    """`claims`: of the units that are done."""
    ids = [number for claim in claims for number in (claim.rules, claim.output) if number]
    lines: dict[int, ExplanationLine] = {}
    values: Behind = {}
    for start in range(0, len(ids), BATCH):
        lines |= lines_of(session, ids[start : start + BATCH])
        values |= _values(session, ids[start : start + BATCH])
    return [_row(site_id, badge, claims, lines, values) for badge in BADGES]


def _row(
    site_id: int,
    badge: Badge,
    claims: Sequence[Claim],
    lines: dict[int, ExplanationLine],
    values: Behind,
) -> CausalSummaryRow:
    standings: Counter[str] = Counter()
    found: list[Found] = []
    for claim in claims:
        number = claim.output if badge == "controls" else claim.rules
        standing = None if number is None else _standing(lines[number], badge)
        standings[standing or "untested"] += 1
        value = None if number is None else _value(lines[number], badge, values)
        if value is not None:
            found.append(value)
    numbers = [one.value for one in found]
    n_tested = len(claims) - standings["untested"]
    n_beaten = sum(one.beaten for one in found)
    return CausalSummaryRow(
        site_id=site_id,
        split=TEST,
        badge=badge,
        n_units=len(claims),
        n_earned=standings["earned"],
        n_refuted=standings["refuted"],
        n_undecided=standings["undecided"],
        n_untested=standings["untested"],
        n_valued=len(numbers),
        mean=mean(numbers) if numbers else None,
        median=median(numbers) if numbers else None,
        by_luck=float(n_beaten) if badge == "replaces" else CHANCE * n_tested,
    )


def _standing(line: ExplanationLine, badge: Badge) -> str | None:
    return next((one.standing for one in line.badges if one.name == badge), None)


def _value(line: ExplanationLine, badge: Badge, values: Behind) -> Found | None:
    if badge == "predicts":
        r = None if line.headline is None else line.headline.r
        return None if r is None else Found(r, beaten=False)
    return values.get((line.id, BEHIND[badge]))


def _values(session: Session, ids: Sequence[int]) -> Behind:
    score = CausalScoreTable
    rows = session.execute(
        select(score.explanation_id, score.score, score.value, score.difference_high)
        .where(score.explanation_id.in_(list(ids)), score.split == TEST, score.value.is_not(None))
        .order_by(score.run_id)
    )
    return {
        (row.explanation_id, row.score): Found(
            row.value, row.difference_high is not None and row.difference_high < 0
        )
        for row in rows
    }
