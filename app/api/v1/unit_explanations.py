"""What is said of one unit: listed, and added to by people."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import (
    ClaimBody,
    Cursor,
    Limit,
    Method,
    ModelName,
    SiteName,
    Status,
    UnitIndex,
)
from app.auth.actor import CurrentActor
from app.dependencies import (
    AppSettings,
    ProgramDeadline,
    ProgramPlaces,
    ReadSession,
    StoreWriter,
)
from app.peeking import PEEKING
from app.store import claiming
from app.store.queries import explanation as explanations
from app.store.views.base import Page
from app.store.views.explanation import ExplanationLine, ExplanationView
from app.trials.claim import make_claim

router = APIRouter(
    prefix="/api/v1/models/{model}/sites/{site}/units/{index}/explanations",
    tags=["explanations"],
    dependencies=PEEKING,
)


@router.get(
    "",
    response_model=Page[ExplanationLine],
    summary="List a unit's explanations",
    responses=problems_of(404),
)
def list_explanations(
    request: Request,
    session: ReadSession,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    status: Status = None,
    method: Method = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Of all methods and authors, with r on every split: current ones first, by method, then those
    that failed, were replaced or withdrawn."""
    page = explanations.list_explanations(
        session,
        model=model,
        site=site,
        index=index,
        status=status,
        method=method,
        limit=limit,
        cursor=cursor,
    )
    return answer(request, page)


@router.post(
    "",
    status_code=201,
    summary="Explain a unit",
    responses=problems_of(400, 403, 404, 413, 429),
)
def create_explanation(
    response: Response,
    reading: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    actor: CurrentActor,
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    body: Annotated[ClaimBody, Body(description="What is said of the unit.")],
) -> ExplanationView:
    """Say what makes a unit fire, in words or as a program. A program is scored at once, on text
    that nothing was fitted on; `Location` names the explanation."""
    with places.taken_for(body.program):
        claim = make_claim(
            reading,
            (model, site, index),
            text=body.text,
            program=body.program,
            data=settings.data,
            check=deadline,
        )
    with writer.session() as session:
        view = claiming.create_explanation(
            session, model=model, site=site, index=index, claim=claim, actor=actor.name
        )
    response.headers["Location"] = f"/api/v1/explanations/{view.id}"
    return view
