"""Measures how far people agree: of judgements as the store gives them, by `analysis.agreement`."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.agreement.alpha import REPLICATES, Level, alpha
from analysis.agreement.kappa import kappas
from analysis.agreement.majority import Share, share, with_others
from app.agreement.remembering import MEMORY
from app.store.queries.asked_judgements import Asked
from app.store.queries.given import Given, given, n_left_out
from app.store.views.agreement import (
    AgreementView,
    AlphaView,
    AnnotatorView,
    KappaView,
    Question,
    ShareView,
)
from app.store.views.judgement import VERDICTS

LEVELS: Final[dict[Question, Level]] = {
    "verdict": "nominal",
    "verdict_order": "ordinal",
    "several_meanings": "nominal",
    "specificity": "ordinal",
    "sensitivity": "ordinal",
}
CODES: Final[dict[str, float]] = {verdict: float(code) for code, verdict in enumerate(VERDICTS)}
ORDER: Final = {"reject": 0.0, "edit": 1.0, "accept": 2.0}
MOST_PAIRS: Final = 500
MOST_PEOPLE: Final = 200
"""Of whom pairs are looked at: those who judged most."""

Ratings = NDArray[np.float64]


def measure_agreement(
    session: Session, asked: Asked, *, sees_all: bool, sees_gold: bool
) -> AgreementView:
    """Without `sees_all`, what a campaign is still about is left out, and how much that is said."""
    all_rows = given(session, asked, sees_all=sees_all)
    rows = [row for row in all_rows if not row.is_gold]
    people = sorted({row.actor for row in rows})
    verdicts = ratings_of(rows, people, "verdict")
    pairs, n_pairs = _pairs(people, verdicts)
    return AgreementView(
        model=asked.model,
        campaign=asked.campaign,
        n_explanations=len({row.explanation_id for row in rows}),
        n_judgements=len(rows),
        n_units=len({row.unit for row in rows}),
        n_people=len(people),
        n_gold=len(all_rows) - len(rows),
        n_blind=sum(row.campaign is not None and not row.peeked for row in rows),
        n_imported=sum(row.origin is not None for row in rows),
        n_left_out=0 if sees_all else n_left_out(session, asked),
        replicates=REPLICATES,
        alphas=alphas_of(rows),
        kappas=pairs,
        n_pairs=n_pairs,
        annotators=_annotators(all_rows, people, verdicts, units_of(rows), sees_gold=sees_gold),
    )


def alphas_of(rows: Sequence[Given]) -> list[AlphaView]:
    """One for each question; of rows without gold. Intervals resample units."""
    units = units_of(rows)
    people = sorted({row.actor for row in rows})
    found = []
    for question, level in LEVELS.items():
        told = MEMORY.of(alpha, ratings_of(rows, people, question), units, level=level)
        found.append(
            AlphaView(
                question=question,
                level="nominal" if level == "nominal" else "ordinal",
                value=told.value,
                low=told.low,
                high=told.high,
                n_explanations=told.n_items,
                n_units=told.n_groups,
                n_judgements=told.n_judgements,
            )
        )
    return found


def units_of(rows: Sequence[Given]) -> NDArray[np.int64]:
    """[explanation]: the number of its unit, in the order in which explanations come."""
    of = {row.explanation_id: row.unit for row in rows}
    number_of = {unit: number for number, unit in enumerate(dict.fromkeys(of.values()))}
    return np.array([number_of[unit] for unit in of.values()], np.int64)


def ratings_of(rows: Sequence[Given], people: Sequence[str], question: Question) -> Ratings:
    """[person, explanation]; NaN: not answered."""
    row_of = {actor: number for number, actor in enumerate(people)}
    column_of: dict[int, int] = {}
    for row in rows:
        column_of.setdefault(row.explanation_id, len(column_of))
    ratings = np.full((len(people), len(column_of)), np.nan)
    for row in rows:
        answer = _answer(row, question)
        if answer is not None:
            ratings[row_of[row.actor], column_of[row.explanation_id]] = answer
    return ratings


def _answer(row: Given, question: Question) -> float | None:
    if question == "verdict":
        return CODES[row.verdict]
    if question == "verdict_order":
        return ORDER.get(row.verdict)
    return getattr(row, question)  # type: ignore[no-any-return]


def _pairs(people: Sequence[str], verdicts: Ratings) -> tuple[list[KappaView], int]:
    n_each = (~np.isnan(verdicts)).sum(axis=1)
    chosen = np.sort(np.argsort(-n_each, kind="stable")[:MOST_PEOPLE])
    told = [one for one in kappas(verdicts[chosen], "nominal") if one.n_items]
    told.sort(key=lambda one: -one.n_items)
    views = [
        KappaView(
            first=people[chosen[one.first]],
            second=people[chosen[one.second]],
            value=one.value,
            agreed=one.agreed,
            n_explanations=one.n_items,
        )
        for one in told[:MOST_PAIRS]
    ]
    return views, len(told)


def _annotators(
    rows: Sequence[Given],
    people: Sequence[str],
    verdicts: Ratings,
    units: NDArray[np.int64],
    *,
    sees_gold: bool,
) -> list[AnnotatorView]:
    """Of those who judged gold items alone, reviewers are told. `verdicts` are without gold."""
    beside = dict(zip(people, with_others(verdicts, units), strict=True))
    found = []
    by_person: dict[str, list[Given]] = defaultdict(list)
    for row in rows:
        by_person[row.actor].append(row)
    for actor, said in by_person.items():
        known = [row for row in said if row.is_gold]
        theirs = [row for row in said if not row.is_gold]
        if not theirs and not sees_gold:
            continue
        agreed = beside.get(actor, share(0, 0))
        times = np.array([row.seconds for row in theirs if row.seconds is not None])
        low, median, high = (
            (float(value) for value in np.quantile(times, (0.25, 0.5, 0.75)))
            if len(times)
            else (None, None, None)
        )
        gold = share(sum(row.verdict == row.right for row in known), len(known))
        found.append(
            AnnotatorView(
                actor=actor,
                origin=said[0].origin,
                n=len(theirs),
                with_others=_share_view(agreed),
                gold=_share_view(gold) if sees_gold else None,
                n_timed=len(times),
                seconds_low=low,
                seconds_median=median,
                seconds_high=high,
            )
        )
    return sorted(found, key=lambda one: (-one.n, one.actor))


def _share_view(told: Share) -> ShareView:
    return ShareView(n_right=told.n_right, n=told.n, value=told.value, low=told.low, high=told.high)
