"""Of what judgements a request is: those of a model, or of one of its campaigns."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import no_model
from app.store.paging import is_name
from app.store.tables import CampaignTable, ModelTable


@dataclass(frozen=True)
class Asked:
    """Of what judgements are asked: a model's, or those of one of its campaigns."""

    model_id: int
    model: str
    campaign_id: int | None = None
    campaign: str | None = None
    """Its slug."""
    title: str | None = None
    has_ended: bool = True
    run_by: str | None = None


def asked_of(session: Session, *, model: str, campaign: str | None = None) -> Asked:
    """Raises NotFoundError."""
    row = None
    if is_name(model):
        row = session.execute(select(ModelTable.id, ModelTable.name).filter_by(name=model)).first()
    if row is None:
        raise no_model(model)
    if campaign is None:
        return Asked(row.id, row.name)
    found = None
    if is_name(campaign):
        found = session.execute(
            select(
                CampaignTable.id, CampaignTable.slug, CampaignTable.title, CampaignTable.status,
                CampaignTable.actor,
            ).filter_by(model_id=row.id, slug=campaign)
        ).first()  # fmt: skip
    if found is None:
        raise NotFoundError(
            f"{model} has no campaign {campaign[:100]!r}.",
            hint="Campaigns are listed on the model's page.",
        )
    ended = found.status == "ended"
    return Asked(row.id, row.name, found.id, found.slug, found.title, ended, found.actor)
