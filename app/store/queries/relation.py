"""What a unit writes, and which units are like it: results of the runs beside its sweep."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.locating import Place
from app.store.packing import unpack
from app.store.queries.model import vocabulary_of
from app.store.reading import texts
from app.store.tables import OutputSideTable, RelatedUnitTable, RunTable, SiteTable
from app.store.views.unit import OutputSideView, RelatedUnit, RelatedView, TokenEffect


def get_output_side(session: Session, place: Place, index: int) -> OutputSideView | None:
    """From the newest run that belongs beside this sweep and has this unit."""
    if place.kind != "mlp":
        return None
    row = session.execute(
        select(OutputSideTable)
        .join(RunTable, RunTable.id == OutputSideTable.run_id)
        .where(
            RunTable.of_run_id == place.run_id,
            RunTable.kind == "output",
            OutputSideTable.site_id == place.site_id,
            OutputSideTable.unit_index == index,
        )
        .order_by(RunTable.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if row is None:
        return None
    vocabulary = vocabulary_of(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    ids = unpack(row.tokens, np.uint32).tolist()
    effects = [
        TokenEffect(token=text, token_id=token, logit=logit, z=z)
        for text, token, logit, z in zip(
            texts(vocabulary, ids),
            ids,
            unpack(row.logits, np.float32).tolist(),
            unpack(row.z_scores, np.float32).tolist(),
            strict=True,
        )
    ]
    half = len(effects) // 2
    return OutputSideView(
        run_id=row.run_id,
        norm=row.norm,
        promoted=effects[:half],
        suppressed=effects[half:],
        gated=bool(place.facts.get("gated", False)),
    )


def get_related(session: Session, place: Place, index: int) -> list[RelatedView]:
    rows = session.scalars(
        select(RelatedUnitTable)
        .join(RunTable, RunTable.id == RelatedUnitTable.run_id)
        .where(
            RunTable.of_run_id == place.run_id,
            RunTable.kind == "relate",
            RelatedUnitTable.site_id == place.site_id,
            RelatedUnitTable.unit_index == index,
        )
        .order_by(RunTable.id)
    ).all()
    newest = {row.method: row for row in rows}
    ids = {site for row in newest.values() for site in unpack(row.sites, np.uint32).tolist()}
    if not ids:
        return []
    sites = session.execute(select(SiteTable.id, SiteTable.name).where(SiteTable.id.in_(ids)))
    names = {site.id: site.name for site in sites}
    return [
        RelatedView(
            method=row.method,
            run_id=row.run_id,
            items=[
                RelatedUnit(site=names[site], index=unit, value=value)
                for site, unit, value in zip(
                    unpack(row.sites, np.uint32).tolist(),
                    unpack(row.indices, np.uint32).tolist(),
                    unpack(row.values, np.float32).tolist(),
                    strict=True,
                )
                if site in names
            ],
        )
        for _, row in sorted(newest.items(), reverse=True)
    ]
