"""Programs run while one waits: where an explanation fails, and what one would be worth."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import SPLIT, ExplanationId, ModelName, SiteName, TrialBody, UnitIndex
from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ProgramDeadline, ProgramPlaces, ReadSession
from app.store.queries.explanation import get_explanation
from app.store.views.evidence import EvidenceView
from app.store.views.trial import TrialView
from app.trials.evidence import gather_evidence
from app.trials.trial import view_trial

router = APIRouter(prefix="/api/v1", tags=["explanations"])


@router.get(
    "/explanations/{explanation_id}/evidence",
    response_model=EvidenceView,
    summary="Get where an explanation fails",
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
