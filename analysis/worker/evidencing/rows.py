"""What was measured, as rows of the store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from analysis.causal.windows import MeasuredText
from analysis.score.causal import CAUSAL_SCORES, CausalScore, Name, Stood
from analysis.score.control import Controlled
from analysis.score.records import Measured
from analysis.worker.evidencing.texts import TEST
from app.store.writing_causal import CausalRow, SiteReplacementRow

NO_PROGRAM = "no program was found that could take its place"


def stood_rows(
    explanation_id: int, stood: Stood, text: MeasuredText, foil: int | None, at: datetime
) -> list[CausalRow]:
    costs = {"mean_loss": stood.mean_loss.value}
    return [
        _row(explanation_id, stood.simulation, text, at, foil_unit=foil),
        _row(explanation_id, stood.replacement, text, at, foil_unit=foil, details=costs),
    ]


def control_rows(
    explanation_id: int,
    controlled: Controlled,
    text: MeasuredText,
    others: Sequence[int],
    prediction_id: int | None,
    at: datetime,
) -> list[CausalRow]:
    told = {
        "changes": list(controlled.changes),
        "others": None if controlled.others is None else list(controlled.others),
        "other_units": list(others),
    }
    return [
        _row(
            explanation_id, score, text, at, prediction_id=prediction_id, details=told,
        )
        for score in (controlled.precision, controlled.sign)
    ]  # fmt: skip


def unmeasured_rows(
    explanation_id: int, names: tuple[Name, ...], status: str, reason: str, at: datetime
) -> list[CausalRow]:
    """Why there is no number."""
    return [
        _row(explanation_id, CausalScore(name, Measured(), reason), None, at, status=status)
        for name in names
    ]


STANDING: tuple[Name, ...] = CAUSAL_SCORES[:2]
CONTROL: tuple[Name, ...] = CAUSAL_SCORES[2:]


def site_rows(
    site_id: int, stood: Stood, text: MeasuredText, n_replaced: int, at: datetime
) -> list[SiteReplacementRow]:
    return [
        SiteReplacementRow(
            site_id=site_id,
            split=TEST,
            score=score.name,
            n_replaced=n_replaced,
            status="undefined" if score.score.value is None else "scored",
            reason=score.reason,
            value=score.score.value,
            low=score.score.low,
            high=score.score.high,
            foil=score.foil,
            difference=score.difference.value,
            difference_low=score.difference.low,
            difference_high=score.difference.high,
            n_windows=len(text),
            n_documents=text.pool.n_documents,
            n_positions=text.n_places,
            measured_at=at,
        )
        for score in (stood.simulation, stood.replacement)
    ]


def _row(
    explanation_id: int,
    score: CausalScore,
    text: MeasuredText | None,
    at: datetime,
    *,
    foil_unit: int | None = None,
    prediction_id: int | None = None,
    details: Mapping[str, Any] | None = None,
    status: str | None = None,
) -> CausalRow:
    return CausalRow(
        explanation_id=explanation_id,
        prediction_id=prediction_id,
        split=TEST,
        score=score.name,
        status=status or ("undefined" if score.score.value is None else "scored"),
        reason=score.reason,
        value=score.score.value,
        low=score.score.low,
        high=score.score.high,
        foil=score.foil,
        lookup_cut=score.lookup_cut,
        difference=score.difference.value,
        difference_low=score.difference.low,
        difference_high=score.difference.high,
        p=score.p,
        foil_unit=foil_unit,
        n_windows=0 if text is None else len(text),
        n_documents=0 if text is None else text.pool.n_documents,
        n_positions=0 if text is None else text.n_places,
        measured_at=at,
        details=dict(details or {}),
    )
