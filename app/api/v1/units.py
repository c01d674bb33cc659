"""Units of a site: the table, one unit, its exemplars, its raw activations."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import (
    Cursor,
    Kind,
    ModelName,
    OfRun,
    SiteName,
    Split,
    UnitIndex,
    UnitsQuery,
)
from app.dependencies import AppSettings, ReadSession
from app.peeking import PEEKING
from app.store.queries import exemplar as exemplars
from app.store.queries import pool as pools
from app.store.queries import unit as units
from app.store.views.base import Page
from app.store.views.unit import ExemplarsView, PoolView, UnitRow, UnitView

router = APIRouter(
    prefix="/api/v1/models/{model}/sites/{site}/units",
    tags=["units"],
    responses=problems_of(404),
)


@router.get("", response_model=Page[UnitRow], summary="List a site's units")
def list_units(
    request: Request,
    session: ReadSession,
    model: ModelName,
    site: SiteName,
    query: Annotated[UnitsQuery, Query()],
) -> Response:
    """One page of the site's units, filtered and sorted; follow `next_cursor` for the rest."""
    page = units.list_units(session, model=model, site=site, **query.model_dump())
    return answer(request, page)


@router.get("/{index}", response_model=UnitView, summary="Get one unit", dependencies=PEEKING)
def get_unit(
    request: Request,
    session: ReadSession,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    run_id: OfRun = None,
) -> Response:
    """Statistics per split with histogram, tokens that the unit promotes and suppresses, related
    units, and which exemplars are stored."""
    view = units.get_unit(session, model=model, site=site, index=index, run_id=run_id)
    return answer(request, view)


@router.get(
    "/{index}/exemplars", response_model=ExemplarsView, summary="Get a unit's exemplars of a kind"
)
def get_exemplars(
    request: Request,
    session: ReadSession,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    kind: Kind = "top",
    split: Split = "fit",
    run_id: OfRun = None,
    limit: Annotated[
        int | None,
        Query(description="At most so many windows; default: all.", ge=1, le=200, examples=[10]),
    ] = None,
) -> Response:
    """Windows of text with the unit's activation at every token, and for a head the tokens that
    it reads."""
    view = exemplars.get_exemplars(
        session,
        model=model,
        site=site,
        index=index,
        kind=kind,
        split=split,
        run_id=run_id,
        limit=limit,
    )
    return answer(request, view)


@router.get("/{index}/pool", response_model=PoolView, summary="Get a unit's raw activations")
def get_pool(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    split: Split = "fit",
    run_id: OfRun = None,
    limit: Annotated[
        int,
        Query(
            description="At most so many windows; fewer where windows are long.",
            ge=1,
            le=1024,
            examples=[256],
        ),
    ] = 256,
    cursor: Cursor = None,
) -> Response:
    """Every activation of the unit on randomly chosen windows of the split, as stored (float16);
    follow `next_cursor` for the rest."""
    view = pools.get_pool(
        session,
        model=model,
        site=site,
        index=index,
        split=split,
        data=settings.data,
        run_id=run_id,
        limit=limit,
        cursor=cursor,
    )
    return answer(request, view)
