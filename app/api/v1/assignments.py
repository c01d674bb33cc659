"""What is handed out in a campaign: the next item, an answer to it, a skip, a draft. Blind: no
answer has scores, authors or what others say, before one has judged."""

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from app.api.answering import answer
from app.api.campaigns import AssignmentId, CampaignSlug, DraftBody, SkipBody, SubmissionBody
from app.api.describing import problems_of
from app.api.parameters import ModelName
from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ReadSession, StoreWriter, WriteSession
from app.store import answering, assigning
from app.store.queries import assignment as assignments
from app.store.views.campaign import (
    AssignmentView,
    KeptView,
    NextView,
    ShownWindows,
    SkippedView,
    SubmittedView,
)
from app.trials.blind import gather_windows_of

router = APIRouter(
    prefix="/api/v1/models/{model}/campaigns/{slug}",
    tags=["campaigns"],
    responses=problems_of(404),
)


@router.post("/next", summary="Get the next item to judge", responses=problems_of(400, 403))
def hand_out(
    session: WriteSession, actor: CurrentActor, model: ModelName, slug: CampaignSlug
) -> NextView:
    """What you hold and have not answered, or a new item, which is kept for you for a while.
    `state` says why there is none."""
    return assigning.hand_out(session, model=model, slug=slug, actor=actor.name)


@router.get(
    "/assignments/{assignment_id}", response_model=AssignmentView, summary="Get an item you hold"
)
def get_assignment(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
    assignment_id: AssignmentId,
) -> Response:
    """With your draft. 404 once it is answered, and of what others hold."""
    view = assignments.get_assignment(
        session, model=model, slug=slug, number=assignment_id, actor=actor.name
    )
    return answer(request, view)


@router.get(
    "/assignments/{assignment_id}/windows",
    response_model=ShownWindows,
    summary="Get the windows that an item is judged by",
)
def get_windows(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
    assignment_id: AssignmentId,
) -> Response:
    """Of the test split: top, random and near misses, with every activation."""
    view = assignments.get_assignment(
        session, model=model, slug=slug, number=assignment_id, actor=actor.name
    )
    return answer(request, gather_windows_of(session, view, data=settings.data))


@router.post(
    "/assignments/{assignment_id}/submit",
    summary="Judge an item",
    responses=problems_of(400, 403, 409, 413),
)
def submit(
    writer: StoreWriter,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
    assignment_id: AssignmentId,
    body: Annotated[SubmissionBody, Body(description="What you make of it.")],
) -> SubmittedView:
    """The answer has the next item. The same submission twice counts once. 409: your lease ran out
    and the place was given away, the campaign has ended, or you have answered otherwise; what you
    sent is then kept as your draft, as long as the item is open."""
    with writer.session() as session:
        answered = answering.submit(
            session, model=model, slug=slug, number=assignment_id, actor=actor.name,
            rating=body.rating, guideline_version=body.guideline_version, seconds=body.seconds,
        )  # fmt: skip
        if answered.judgement is not None:
            following = assigning.hand_out(session, model=model, slug=slug, actor=actor.name)
            view = SubmittedView(judgement=answered.judgement, following=following)
    if answered.refused is not None:
        raise answered.refused
    return view


@router.post(
    "/assignments/{assignment_id}/skip",
    summary="Skip an item",
    responses=problems_of(400, 403, 409, 413),
)
def skip(
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
    assignment_id: AssignmentId,
    body: Annotated[SkipBody, Body(description="Why.")],
) -> SkippedView:
    """It goes to others, and not to you again; the answer has the next item."""
    answering.skip(
        session, model=model, slug=slug, number=assignment_id, actor=actor.name, reason=body.reason
    )
    following = assigning.hand_out(session, model=model, slug=slug, actor=actor.name)
    return SkippedView(following=following)


@router.put(
    "/assignments/{assignment_id}/draft",
    summary="Keep a draft",
    responses=problems_of(400, 403, 409, 413),
)
def keep_draft(
    session: WriteSession,
    actor: CurrentActor,
    model: ModelName,
    slug: CampaignSlug,
    assignment_id: AssignmentId,
    body: Annotated[DraftBody, Body(description="What you have so far.")],
) -> KeptView:
    """It comes back with the item, also on another device, and the item is kept for you anew."""
    return answering.keep_draft(
        session, model=model, slug=slug, number=assignment_id, actor=actor.name, draft=body.draft
    )
