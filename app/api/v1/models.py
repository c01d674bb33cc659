"""Models, their sites, and how statistics are distributed over them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import ModelName, OfRun, SiteKind, Split, Statistic
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.store.queries import model as models
from app.store.queries import unit as units
from app.store.views.model import ModelView, SiteView, SummaryView
from app.store.views.unit import UnitRow

router = APIRouter(prefix="/api/v1/models", tags=["models"], responses=problems_of(404))


@router.get("", response_model=list[ModelView], summary="List the models")
def list_models(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Every model that you see, with how many of its units have statistics."""
    return answer(request, models.list_models(session, models=actor.sees))


@router.get("/{model}", response_model=ModelView, summary="Get one model")
def get_model(
    request: Request, session: ReadSession, model: ModelName, run_id: OfRun = None
) -> Response:
    """One model; `unit_count` is the number of units with statistics so far."""
    return answer(request, models.get_model(session, name=model, run_id=run_id))


@router.get("/{model}/sites", response_model=list[SiteView], summary="List a model's sites")
def list_sites(
    request: Request, session: ReadSession, model: ModelName, run_id: OfRun = None
) -> Response:
    """The places in the model where units live, by layer."""
    return answer(request, models.list_sites(session, model=model, run_id=run_id))


@router.get(
    "/{model}/summaries",
    response_model=list[SummaryView],
    summary="Distribution of a statistic per site",
)
def list_summaries(
    request: Request,
    session: ReadSession,
    model: ModelName,
    statistic: Statistic = "density",
    split: Split = "fit",
    run_id: OfRun = None,
    kind: SiteKind = None,
) -> Response:
    """How one statistic is distributed over the units of each site; the edges are the same for
    all sites of a run, so rows compare."""
    views = models.list_summaries(
        session, model=model, statistic=statistic, split=split, run_id=run_id, kind=kind
    )
    return answer(request, views)


@router.get(
    "/{model}/random-units",
    response_model=list[UnitRow],
    tags=["units"],
    summary="Draw random units",
)
def draw_units(
    request: Request,
    session: ReadSession,
    model: ModelName,
    n: Annotated[int, Query(description="How many.", ge=1, le=200, examples=[8])] = 8,
    seed: Annotated[
        int, Query(description="Equal seeds draw equal units.", ge=0, le=2**31 - 1, examples=[0])
    ] = 0,
    run_id: OfRun = None,
    kind: SiteKind = None,
) -> Response:
    """Units drawn uniformly by a seed, so that what is shown was not picked by anybody."""
    rows = units.random_units(session, model=model, n=n, seed=seed, run_id=run_id, kind=kind)
    return answer(request, rows)
