"""Where an explanation fails, what one would be worth, what happened when a network was edited.

Programs are run while one waits; causal scores are those that evidence jobs have stored."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import (
    SPLIT,
    Cursor,
    ExplanationId,
    Limit,
    ModelName,
    OfRun,
    SiteName,
    TrialBody,
    UnitIndex,
)
from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ProgramDeadline, ProgramPlaces, ReadSession
from app.peeking import PEEKING
from app.store.queries.causal import causal_evidence
from app.store.queries.evidence import list_causal, model_evidence
from app.store.queries.explanation import get_explanation
from app.store.views.base import Page
from app.store.views.causal import CausalEvidenceView, CausalLine, ModelEvidenceView
from app.store.views.evidence import EvidenceView
from app.store.views.trial import TrialView
from app.trials.evidence import gather_evidence
from app.trials.trial import view_trial

router = APIRouter(prefix="/api/v1", tags=["explanations"])


@router.get(
    "/explanations/{explanation_id}/evidence",
    response_model=EvidenceView,
    summary="Get where an explanation fails",
    dependencies=PEEKING,
    responses=problems_of(404, 429),
)
def get_evidence(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    explanation_id: ExplanationId,
    split: Annotated[
        str,
        Query(
            description="Whose pool it is run on: test or ood:<domain>. What explanations are made "
            "from (fit and calibration) is refused.",
            pattern=SPLIT,
            examples=["test", "ood:code"],
        ),
    ] = "test",
) -> Response:
    """The program rule by rule in English; real beside simulated activations, the windows with most
    of the squared error first, then random ones; the tokens at which it is wrong."""
    view = get_explanation(session, explanation_id=explanation_id)
    with places.taken_for(view.program):
        evidence = gather_evidence(session, view, data=settings.data, split=split, check=deadline)
    return answer(request, evidence)


@router.get(
    "/explanations/{explanation_id}/evidence/causal",
    response_model=CausalEvidenceView,
    summary="Get an explanation's causal evidence",
    dependencies=PEEKING,
    responses=problems_of(404),
)
def get_causal_evidence(
    request: Request, session: ReadSession, explanation_id: ExplanationId
) -> Response:
    """Ablation to simulation, replacement and control with intervals and baselines; what was
    predicted before the unit was moved, with hash and time; and the badges that follow."""
    view = get_explanation(session, explanation_id=explanation_id)
    return answer(request, causal_evidence(session, view))


@router.get(
    "/models/{model}/sites/{site}/evidence",
    response_model=Page[CausalLine],
    summary="List the causal evidence of a site",
    responses=problems_of(404),
)
def list_evidence(
    request: Request,
    session: ReadSession,
    model: ModelName,
    site: SiteName,
    run_id: OfRun = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Every current explanation of the site's units that was held to what happens, with its scores
    and badges."""
    page = list_causal(session, model=model, site=site, run_id=run_id, limit=limit, cursor=cursor)
    return answer(request, page)


@router.get(
    "/models/{model}/evidence",
    response_model=ModelEvidenceView,
    summary="Count the badges of a model",
    responses=problems_of(404),
)
def get_model_evidence(
    request: Request, session: ReadSession, model: ModelName, run_id: OfRun = None
) -> Response:
    """How many of each site's randomly chosen units earn each badge, with the denominators, and
    what becomes of the output where all programs of a site take their units' place at once."""
    return answer(request, model_evidence(session, model=model, run_id=run_id))


@router.post(
    "/models/{model}/sites/{site}/units/{index}/explanations/try",
    summary="Try a program",
    responses=problems_of(400, 403, 404, 413, 429),
)
def try_program(
    session: ReadSession,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    actor: CurrentActor,  # noqa: ARG001 - nothing is written, but it costs
    model: ModelName,
    site: SiteName,
    index: UnitIndex,
    body: Annotated[TrialBody, Body(description="What is tried.")],
) -> TrialView:
    """What the program says in English, which of its tokens the model does not have, its scores and
    its worst misses, all on the calibration split. Nothing is stored. Test and held-out domains are
    scored when it is saved, so that trying many programs does not fit them to that text."""
    with places.taken_for(body.program):
        return view_trial(
            session,
            body.program,
            model=model,
            site=site,
            index=index,
            data=settings.data,
            check=deadline,
        )
