"""What a unit writes, and which units are like it: results of the runs beside its sweep."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.locating import Place
from app.store.packing import unpack
from app.store.queries.model import output_vocabulary_of
from app.store.reading import finite_or_none, texts
from app.store.tables import OutputSideTable, RelatedUnitTable, RunTable, SiteTable
from app.store.views.unit import (
    AlikeByChanceView,
    ChanceView,
    OutputSideView,
    RelatedUnit,
    RelatedView,
    ScaleView,
    TokenEffect,
)

OUTPUT_SIDE = (
    select(
        OutputSideTable.run_id,
        OutputSideTable.norm,
        OutputSideTable.tokens,
        OutputSideTable.logits,
        OutputSideTable.z_scores,
        RunTable.parameters,
    )
    .join(RunTable, RunTable.id == OutputSideTable.run_id)
    .where(
        RunTable.of_run_id == bindparam("run_id"),
        RunTable.kind == "output",
        OutputSideTable.site_id == bindparam("site_id"),
        OutputSideTable.unit_index == bindparam("unit_index"),
    )
    .order_by(RunTable.id.desc())
    .limit(1)
)
RELATIVES = (
    select(
        RelatedUnitTable.run_id,
        RelatedUnitTable.method,
        RelatedUnitTable.sites,
        RelatedUnitTable.indices,
        RelatedUnitTable.values,
        RelatedUnitTable.test_values,
        RunTable.measured,
    )
    .join(RunTable, RunTable.id == RelatedUnitTable.run_id)
    .where(
        RunTable.of_run_id == bindparam("run_id"),
        RunTable.kind == "relate",
        RelatedUnitTable.site_id == bindparam("site_id"),
        RelatedUnitTable.unit_index == bindparam("unit_index"),
    )
    .order_by(RunTable.id)
)
SITE_NAMES = select(SiteTable.id, SiteTable.name).where(
    SiteTable.id.in_(bindparam("ids", expanding=True))
)


def get_output_side(session: Session, place: Place, index: int) -> OutputSideView | None:
    """From the newest run that belongs beside this sweep and has this unit."""
    if place.kind != "mlp":
        return None
    row = fetch(session, OUTPUT_SIDE, _key(place, index)).one_or_none()
    if row is None:
        return None
    vocabulary = output_vocabulary_of(
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
    n = len(effects) // 4
    promoted, suppressed, promoted_by_z, suppressed_by_z = (
        effects[part * n : (part + 1) * n] for part in range(4)
    )
    return OutputSideView(
        run_id=row.run_id,
        norm=row.norm,
        promoted=promoted,
        suppressed=suppressed,
        promoted_by_z=promoted_by_z,
        suppressed_by_z=suppressed_by_z,
        scale=_scale(row.parameters, place.layer),
        chance=_chance(row.parameters),
        gated=bool(place.facts.get("gated", False)),
    )


def get_related(session: Session, place: Place, index: int) -> list[RelatedView]:
    """By each method; of a unit that is constant there, without items."""
    rows = fetch(session, RELATIVES, _key(place, index)).all()
    newest = {row.method: row for row in rows}
    ids = {site for row in newest.values() for site in unpack(row.sites, np.uint32).tolist()}
    sites = fetch(session, SITE_NAMES, {"ids": sorted(ids)}) if ids else ()
    names = {site.id: site.name for site in sites}
    return [_related(row, names) for _, row in sorted(newest.items(), reverse=True)]


def _related(row: Row[Any], names: Mapping[int, str]) -> RelatedView:
    values = unpack(row.values, np.float32)
    elsewhere = np.full_like(values, np.nan)
    if row.test_values is not None:
        elsewhere = unpack(row.test_values, np.float32)
    measured = row.measured.get(row.method, {})
    chance = measured.get("chance")
    complete = measured.get("tokens") == measured.get("tokens_in_pool")
    return RelatedView(
        method=row.method,
        run_id=row.run_id,
        items=[
            RelatedUnit(site=names[site], index=unit, value=value, test_value=test_value)
            for site, unit, value, test_value in zip(
                unpack(row.sites, np.uint32).tolist(),
                unpack(row.indices, np.uint32).tolist(),
                values.tolist(),
                finite_or_none(elsewhere[None])[0],
                strict=True,
            )
            if site in names
        ],
        chance=None if chance is None else AlikeByChanceView(**chance),
        recall=measured.get("recall") if complete else None,
        recall_units=measured.get("recall_units") if complete else None,
        n_tokens=measured.get("tokens"),
        n_tokens_in_pool=measured.get("tokens_in_pool"),
        n_test_tokens=measured.get("test_tokens"),
    )


def _scale(parameters: dict[str, Any], layer: int) -> ScaleView | None:
    found = parameters.get("scale")
    if found is None:
        return None
    return ScaleView(
        final=found["final"],
        final_low=found["final_low"],
        final_high=found["final_high"],
        mlp=None if found["mlp"] is None else found["mlp"][layer],
        n_tokens=found["n_tokens"],
    )


def _chance(parameters: dict[str, Any]) -> ChanceView | None:
    found = parameters.get("chance")
    return None if found is None else ChanceView(**found)


def _key(place: Place, index: int) -> dict[str, int]:
    return {"run_id": place.run_id, "site_id": place.site_id, "unit_index": index}
