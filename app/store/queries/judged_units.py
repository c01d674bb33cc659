"""What judgements are about: units, texts, the guidelines of a campaign, a model's weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.queries.asked_judgements import Asked
from app.store.tables import ExplanationTable, GuidelineTable, ModelTable, SiteTable

AT_ONCE: Final = 5000


@dataclass(frozen=True)
class JudgedUnit:
    site: str
    index: int
    version: int
    text: str


def judged_units(session: Session, ids: Sequence[int]) -> dict[int, JudgedUnit]:
    """By explanation."""
    found: dict[int, JudgedUnit] = {}
    for start in range(0, len(ids), AT_ONCE):
        query = (
            select(
                ExplanationTable.id, SiteTable.name, ExplanationTable.unit_index,
                ExplanationTable.version, ExplanationTable.text,
            )
            .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
            .where(ExplanationTable.id.in_(ids[start : start + AT_ONCE]))
        )  # fmt: skip
        for row in session.execute(query):
            found[row.id] = JudgedUnit(row.name, row.unit_index, row.version, row.text)
    return found


def guidelines_of(session: Session, asked: Asked) -> list[dict[str, Any]]:
    """All versions of a campaign's; of a model, none."""
    if asked.campaign_id is None:
        return []
    query = select(GuidelineTable.version, GuidelineTable.markdown).where(
        GuidelineTable.campaign_id == asked.campaign_id
    )
    return [
        {"version": row.version, "markdown": row.markdown}
        for row in session.execute(query.order_by(GuidelineTable.version))
    ]


def weights_of(session: Session, asked: Asked) -> str:
    """Their SHA-256."""
    query = select(ModelTable.weights_sha256).where(ModelTable.id == asked.model_id)
    return session.execute(query).scalar_one()
