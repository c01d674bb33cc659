"""One explanation: read in full, edited as a new version, withdrawn; and scores by layer."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import (
    LARGEST,
    SPLIT,
    ClaimBody,
    Cursor,
    ExplanationId,
    Limit,
    Method,
    ModelName,
    OfRun,
    SiteKind,
    WithdrawBody,
)
from app.auth.actor import CurrentActor
from app.dependencies import (
    AppSettings,
    ProgramDeadline,
    ProgramPlaces,
    ReadSession,
    StoreWriter,
    WriteSession,
)
from app.peeking import PEEKING
from app.store import claiming
from app.store.queries import explanation as explanations
from app.store.queries import score, version
from app.store.views.base import Page
from app.store.views.difference import DifferenceView
from app.store.views.explanation import ExplanationView, VersionLine
from app.store.views.score import ScoreSummaryView, ScoreView
from app.trials.claim import make_claim
from app.trials.differing import difference_of

router = APIRouter(prefix="/api/v1", tags=["explanations"], dependencies=PEEKING)


@router.get(
    "/explanations/{explanation_id}",
    response_model=ExplanationView,
    summary="Get one explanation",
    responses=problems_of(404),
)
def get_explanation(
    request: Request, session: ReadSession, explanation_id: ExplanationId
) -> Response:
    """Text, program, how it came about, every score with interval and baselines, and all versions
    of the claim."""
    return answer(request, explanations.get_explanation(session, explanation_id=explanation_id))


@router.get(
    "/explanations/{explanation_id}/scores",
    response_model=list[ScoreView],
    summary="Get an explanation's scores",
    responses=problems_of(404),
)
def get_scores(request: Request, session: ReadSession, explanation_id: ExplanationId) -> Response:
    """Every metric of every split by every judge; what is undefined, failed or was not run is said
    so, with its denominators."""
    view = explanations.get_explanation(session, explanation_id=explanation_id)
    return answer(request, view.scores)


@router.get(
    "/explanations/{explanation_id}/versions",
    response_model=Page[VersionLine],
    summary="List the versions of an explanation",
    responses=problems_of(404),
)
def list_versions(
    request: Request,
    session: ReadSession,
    explanation_id: ExplanationId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """All versions of the claim, the newest first: who wrote each, and r on the test split."""
    page = version.list_versions(session, explanation_id=explanation_id, limit=limit, cursor=cursor)
    return answer(request, page)


@router.get(
    "/explanations/{explanation_id}/compare",
    response_model=DifferenceView,
    summary="Compare two versions of an explanation",
    responses=problems_of(404),
)
def compare_versions(
    request: Request,
    session: ReadSession,
    explanation_id: ExplanationId,
    other: Annotated[
        int | None,
        Query(
            ge=1, le=LARGEST, description="Another version of the claim, by its id; "
            "default: the one before.", examples=[41],
        ),
    ] = None,
) -> Response:  # fmt: skip
    """What changed from the older to the newer: words of the text, rules of the program."""
    view = explanations.get_explanation(session, explanation_id=explanation_id)
    if other is None:
        other = version.version_before(session, explanation_id=explanation_id)
    beside = view if other is None else explanations.get_explanation(session, explanation_id=other)
    before, after = sorted((beside, view), key=lambda one: one.version)
    return answer(request, difference_of(before, after))


@router.post(
    "/explanations/{explanation_id}/versions",
    status_code=201,
    summary="Edit an explanation",
    responses=problems_of(400, 403, 404, 409, 413, 429),
)
def edit_explanation(
    response: Response,
    reading: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    actor: CurrentActor,
    explanation_id: ExplanationId,
    body: Annotated[ClaimBody, Body(description="The claim as it should be.")],
) -> ExplanationView:
    """Replace it by a new version, whole: what is left out is gone. The old one can be read."""
    old = explanations.get_explanation(reading, explanation_id=explanation_id)
    with places.taken_for(body.program):
        claim = make_claim(
            reading,
            (old.model, old.site, old.index),
            text=body.text,
            program=body.program,
            data=settings.data,
            check=deadline,
        )
    with writer.session() as session:
        view = claiming.edit_explanation(
            session, explanation_id=explanation_id, claim=claim, actor=actor.name
        )
    response.headers["Location"] = f"/api/v1/explanations/{view.id}"
    return view


@router.post(
    "/explanations/{explanation_id}/withdraw",
    summary="Withdraw an explanation",
    responses=problems_of(400, 403, 404, 409, 413),
)
def withdraw_explanation(
    session: WriteSession,
    actor: CurrentActor,
    explanation_id: ExplanationId,
    body: Annotated[WithdrawBody | None, Body(description="Why, where that is to be kept.")] = None,
) -> ExplanationView:
    """Nobody claims it any longer: it leaves lists and search, and stays to be read."""
    return claiming.withdraw_explanation(
        session,
        explanation_id=explanation_id,
        actor=actor.name,
        reason=None if body is None else body.reason,
    )


@router.get(
    "/models/{model}/scores",
    response_model=list[ScoreSummaryView],
    summary="Get how scores are distributed",
    responses=problems_of(404),
)
def list_score_summaries(
    request: Request,
    session: ReadSession,
    model: ModelName,
    run_id: OfRun = None,
    method: Method = None,
    split: Annotated[
        str | None,
        Query(description="Only of this split.", pattern=SPLIT, examples=["test", "ood:code"]),
    ] = None,
    kind: SiteKind = None,
) -> Response:
    """Simulation r by layer and method, over units drawn at random, with the denominators:
    explained, scored, undefined, failed, better than others'."""
    views = score.list_score_summaries(
        session, model=model, run_id=run_id, method=method, split=split, kind=kind
    )
    return answer(request, views)
