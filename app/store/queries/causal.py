"""The causal evidence of one explanation as it is read, and what decides badges in lists."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from app.store.badges import badges_of
from app.store.fetching import fetch
from app.store.tables import CausalScoreTable, PredictionTable
from app.store.views.causal import (
    CausalEvidenceView,
    CausalScoreView,
    EarlierEvidence,
    MovedToken,
    PredictionView,
)
from app.store.views.explanation import ExplanationLine

Score, Prediction = CausalScoreTable, PredictionTable
Causal = dict[int, dict[str, Row[*tuple[Any, ...]]]]
SPLIT: Final = "test"
FOR_BADGES: Final = (
    select(
        Score.explanation_id, Score.score, Score.status, Score.reason, Score.low, Score.high,
        Score.difference_low, Score.difference_high, Score.p,
    )
    .where(Score.explanation_id.in_(bindparam("ids", expanding=True)), Score.split == SPLIT)
    .order_by(Score.run_id)
)  # fmt: skip
IN_FULL: Final = (
    select(*Score.__table__.columns)
    .where(Score.explanation_id.in_(bindparam("ids", expanding=True)))
    .order_by(Score.run_id, Score.id)
)
ORDER: Final = (
    "ablation_to_simulation", "replacement", "control_precision", "control_sign",
)  # fmt: skip
NOT_OF_LOOKUPS: Final = (
    "A token lookup is no explanation to be tested: it is what others are compared with."
)
NOT_TESTED: Final = "Not tested yet."
NO_PROGRAM: Final = (
    "Without a program nothing can take the unit’s place, so there is nothing to test."
)


def for_badges(session: Session, ids: Sequence[int]) -> Causal:
    """The scores that decide badges, by explanation and name: of the newest run that has one."""
    found: Causal = defaultdict(dict)
    if ids:
        for row in fetch(session, FOR_BADGES, {"ids": list(ids)}):
            found[row.explanation_id][row.score] = row
    return found


def causal_evidence(session: Session, line: ExplanationLine) -> CausalEvidenceView:
    """All of one explanation, with what was predicted before its unit was moved."""
    rows = fetch(session, IN_FULL, {"ids": [line.id]}).all()
    shown = newest(rows)
    control = next((row for row in shown if row.prediction_id is not None), None)
    return CausalEvidenceView(
        explanation_id=line.id,
        badges=line.badges,
        scores=views_of(shown),
        prediction=None if control is None else _prediction(session, control),
        missing=None if rows else _why_missing(line),
        earlier=_earlier(line, rows),
    )


def newest(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Row[*tuple[Any, ...]]]:
    """Of every score and split that of the newest run; `rows` of one explanation, oldest first."""
    return list({(row.score, row.split): row for row in rows}.values())


def _earlier(line: ExplanationLine, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[EarlierEvidence]:
    """What tests before the newest came to: one that is made often enough is survived at last."""
    by_run: dict[int, dict[str, Row[*tuple[Any, ...]]]] = defaultdict(dict)
    for row in rows:
        if row.split == SPLIT:
            by_run[row.run_id][row.score] = row
    runs = sorted(by_run, reverse=True)[1:]
    return [
        EarlierEvidence(
            run_id=number, badges=badges_of(line.method, (), by_run[number], site=line.site)
        )
        for number in runs
    ]


def views_of(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[CausalScoreView]:
    ordered = sorted(rows, key=lambda row: (row.split != SPLIT, ORDER.index(row.score)))
    return [_view(row) for row in ordered]


def _view(row: Row[*tuple[Any, ...]]) -> CausalScoreView:
    return CausalScoreView(
        status="ok" if row.status == "scored" else row.status,
        mean_loss=row.details.get("mean_loss"),
        n_others=len(row.details.get("other_units", ())) or None,
        **{
            name: getattr(row, name)
            for name in CausalScoreView.model_fields
            if name not in ("status", "mean_loss", "n_others")
        },
    )


def _prediction(session: Session, control: Row[*tuple[Any, ...]]) -> PredictionView | None:
    said = session.get(Prediction, control.prediction_id)
    if said is None:
        return None
    content = json.loads(said.content)
    texts = content["texts"]
    moved = {token: at for at, token in enumerate(content["risers"] + content["fallers"])}
    changes, others = control.details.get("changes"), control.details.get("others")

    def told(tokens: Sequence[int]) -> list[MovedToken]:
        return [
            MovedToken(
                token=token,
                text=texts[moved[token]],
                change=changes[moved[token]] if changes else None,
                other=others[moved[token]] if others else None,
            )
            for token in tokens
        ]

    return PredictionView(
        id=said.id,
        run_id=said.run_id,
        created_at=said.created_at,
        sha256=said.sha256,
        hash_holds=hashlib.sha256(said.content.encode()).hexdigest() == said.sha256,
        source=content["source"],
        k=content["k"],
        value=content["value"],
        risers=told(content["risers"]),
        fallers=told(content["fallers"]),
        content=said.content,
    )


def _why_missing(line: ExplanationLine) -> str:
    if line.method == "lookup":
        return NOT_OF_LOOKUPS
    if line.method != "output" and not line.has_program:
        return NO_PROGRAM
    return (
        f"{NOT_TESTED} To test it: patchclamp evidence --model {line.model} "
        f"--run-id {line.sweep_id} --explanation {line.id}"
    )
