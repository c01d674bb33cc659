"""Campaigns of a model: begun, listed, read, paused, ended; their guidelines, and how far they
are."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.answering import answer
from app.api.campaigns import CampaignSlug, GuidelinesBody
from app.api.describing import problems_of
from app.api.parameters import LARGEST, Cursor, Limit, ModelName
from app.auth.actor import CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession, WriteSession
from app.store import campaigning
from app.store.queries import campaign as campaigns
from app.store.views.base import Page
from app.store.views.campaign import CampaignLine, CampaignView, GuidelineView, ProgressView

router = APIRouter(
    prefix="/api/v1/models/{model}/campaigns", tags=["campaigns"], responses=problems_of(404)
)


@router.get("", response_model=Page[CampaignLine], summary="List a model's campaigns")
def list_campaigns(
    request: Request,
    session: ReadSession,
    model: ModelName,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    page = campaigns.list_campaigns(session, model=model, limit=limit, cursor=cursor)
    return answer(request, page)


@router.post(
    "", status_code=201, summary="Begin a campaign", responses=problems_of(400, 403, 409, 413)
)
def create_campaign(
    response: Response,
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    body: Annotated[campaigning.Plan, Body(description="What is judged, and how.")],
) -> CampaignView:
    """Draw explanations by a rule and a seed, and open them to annotators; `Location` names the
    campaign. Items are what the explanations are now, whatever becomes of them later."""
    view = campaigning.create_campaign(session, model=model, plan=body, actor=actor.name)
    response.headers["Location"] = f"/api/v1/models/{model}/campaigns/{view.slug}"
    return view


@router.get("/{slug}", response_model=CampaignView, summary="Get one campaign")
def get_campaign(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
) -> Response:
    """Until it has ended, reviewers alone are told how its items were chosen: with the seed, others
    could tell gold items."""
    may_review = actor.may(Right.REVIEW, model)
    view = campaigns.get_campaign(session, model=model, slug=slug, may_review=may_review)
    return answer(request, view)


@router.post("/{slug}/pause", summary="Pause a campaign", responses=problems_of(400, 403, 409))
def pause_campaign(
    session: WriteSession, actor: CurrentActor, model: ModelName, slug: CampaignSlug
) -> CampaignView:
    """Nothing is handed out any more; what people hold may be answered."""
    return campaigning.set_status(
        session, model=model, slug=slug, status="paused", actor=actor.name
    )


@router.post("/{slug}/resume", summary="Resume a campaign", responses=problems_of(400, 403, 409))
def resume_campaign(
    session: WriteSession, actor: CurrentActor, model: ModelName, slug: CampaignSlug
) -> CampaignView:
    """After a pause."""
    return campaigning.set_status(session, model=model, slug=slug, status="open", actor=actor.name)


@router.post("/{slug}/end", summary="End a campaign", responses=problems_of(400, 403))
def end_campaign(
    session: WriteSession, actor: CurrentActor, model: ModelName, slug: CampaignSlug
) -> CampaignView:
    """For good: nothing more is answered in it, and its judgements stay."""
    return campaigning.set_status(session, model=model, slug=slug, status="ended", actor=actor.name)


@router.get(
    "/{slug}/guidelines", response_model=list[GuidelineView], summary="List versions of guidelines"
)
def list_guidelines(
    request: Request,
    session: ReadSession,
    model: ModelName,
    slug: CampaignSlug,
    below: Annotated[
        int | None,
        Query(description="Only versions before this one.", ge=1, le=LARGEST, examples=[51]),
    ] = None,
) -> Response:
    """Newest first, at most 50."""
    found = campaigns.find_campaign(session, model=model, slug=slug)
    versions = campaigns.list_guidelines(session, campaign_id=found.id, below=below)
    return answer(request, versions)


@router.post(
    "/{slug}/guidelines",
    status_code=201,
    summary="Write a version of the guidelines",
    responses=problems_of(400, 403, 409, 413),
)
def add_guidelines(
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
    body: Annotated[GuidelinesBody, Body(description="The whole text.")],
) -> CampaignView:
    """Whoever is judging is told of it; judgements name the version that was shown."""
    return campaigning.add_guidelines(
        session, model=model, slug=slug, markdown=body.markdown, actor=actor.name
    )


@router.get("/{slug}/progress", response_model=ProgressView, summary="Get a campaign's progress")
def get_progress(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
) -> Response:
    """Gold items and why items were skipped are told to reviewers alone."""
    may_review = actor.may(Right.REVIEW, model)
    view = campaigns.get_progress(session, model=model, slug=slug, may_review=may_review)
    return answer(request, view)
