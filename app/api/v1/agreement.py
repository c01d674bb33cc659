"""How far people agree, where they do not, and how reviewers settle it."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.agreement.acceptance import measure_acceptance
from app.agreement.measuring import measure_agreement
from app.agreement.seeing import decisions_seen, what_is_seen
from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import NAME, ClaimBody, Cursor, ExplanationId, Limit, ModelName
from app.auth.actor import CurrentActor
from app.dependencies import (
    AppSettings,
    ProgramDeadline,
    ProgramPlaces,
    ReadSession,
    StoreWriter,
)
from app.store.deciding import LONGEST_REASON, Ruling, decide
from app.store.queries.asked_judgements import asked_of
from app.store.queries.disagreement import Wanted, get_dispute
from app.store.queries.disagreement import list_disagreements as list_all
from app.store.queries.explanation import get_explanation
from app.store.unblinding import is_asked_of, take_away
from app.store.views.agreement import AcceptanceView, AgreementView
from app.store.views.base import Page
from app.store.views.decision import DecisionsView, DecisionView
from app.store.views.disagreement import About, DisagreementLine, DisputeView, State
from app.store.views.judgement import Verdict
from app.trials.claim import make_claim

router = APIRouter(prefix="/api/v1", tags=["agreement"])

OfCampaign = Annotated[
    str | None,
    Query(
        description="Only what was judged in this campaign, by its slug; default: the judgements "
        "that their authors stand by today.",
        pattern=NAME,
        examples=["first-look"],
    ),
]


class DecisionBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    verdict: Verdict = Field(description="What counts from now on.", examples=["accept"])
    reason: str = Field(
        min_length=1, max_length=LONGEST_REASON, description="Why; those who said otherwise will "
        "read it.", examples=["The misses are typing errors."],
    )  # fmt: skip
    seen: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="The decision that counted when you looked; "
        "null: there was none.", examples=[None],
    )  # fmt: skip
    campaign: str | None = Field(
        default=None, pattern=NAME, description="Whose judgements are settled; null: those of the "
        "explanation's own page.", examples=["first-look"],
    )  # fmt: skip
    merged: ClaimBody | None = Field(
        default=None, description="What becomes the next version, where the verdict is `edit`."
    )


@router.get(
    "/models/{model}/agreement",
    response_model=AgreementView,
    summary="Get how far people agree",
    responses=problems_of(403, 404),
)
def get_agreement(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: ModelName,
    campaign: OfCampaign = None,
) -> Response:
    """Krippendorff's alpha by question, Cohen's kappa by pair, and each annotator beside the
    others. What a campaign is still about is left out for all but reviewers."""
    seen = what_is_seen(session, actor, model=model, campaign=campaign)
    view = measure_agreement(session, seen.asked, sees_all=seen.sees_all, sees_gold=seen.reviews)
    return answer(request, view)


@router.get(
    "/models/{model}/acceptance",
    response_model=AcceptanceView,
    summary="Get verdicts against scores",
    responses=problems_of(403, 404),
)
def get_acceptance(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: ModelName,
    campaign: OfCampaign = None,
) -> Response:
    """Whether scores say beforehand what people accept, beside the length of the text, its author
    and chance."""
    seen = what_is_seen(session, actor, model=model, campaign=campaign)
    return answer(request, measure_acceptance(session, seen.asked, sees_all=seen.sees_all))


@router.get(
    "/models/{model}/disagreements",
    response_model=Page[DisagreementLine],
    summary="List disagreements",
    responses=problems_of(403, 404),
)
def list_disagreements(
    request: Request,
    session: ReadSession,
    model: ModelName,
    campaign: OfCampaign = None,
    state: Annotated[
        State, Query(description="`open`: without a decision.", examples=["open"])
    ] = "open",
    about: Annotated[
        About,
        Query(
            description="`verdict`: verdicts differ; `steps`: two steps or more lie between.",
            examples=["verdict"],
        ),
    ] = "any",
    site: Annotated[
        str | None, Query(description="Only of this site.", pattern=NAME, examples=["mlp.12"])
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Explanations of which people make different things, the greatest difference first."""
    asked = asked_of(session, model=model, campaign=campaign)
    page = list_all(session, asked, Wanted(state, about, site), limit=limit, cursor=cursor)
    return answer(request, page)


@router.get(
    "/models/{model}/disagreements/{explanation_id}",
    response_model=DisputeView,
    summary="Get what people make of an explanation",
    responses=problems_of(403, 404),
)
def get_disagreement(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    actor: CurrentActor,
    model: ModelName,
    explanation_id: ExplanationId,
    campaign: OfCampaign = None,
) -> Response:
    """All judgements side by side, and all decisions; also where people agree. No campaign asks
    whoever has seen them about this explanation any more."""
    asked = asked_of(session, model=model, campaign=campaign)
    view = get_dispute(session, asked, explanation_id=explanation_id, actor=actor.name)
    if is_asked_of(session, explanation_id=explanation_id, actor=actor.name):
        session.rollback()  # nothing is read while it waits for its turn to write
        with writer.session() as writing:
            take_away(writing, explanation_id=explanation_id, actor=actor.name)
    return answer(request, view)


@router.get(
    "/explanations/{explanation_id}/decisions",
    response_model=DecisionsView,
    summary="Get what was decided of an explanation",
    responses=problems_of(404),
)
def get_decisions(
    request: Request, session: ReadSession, actor: CurrentActor, explanation_id: ExplanationId
) -> Response:
    """The one that counts has no `replaced_at`. Whoever may judge gets them once they have, and,
    where a campaign is about the explanation, once that has ended."""
    view = get_explanation(session, explanation_id=explanation_id)
    return answer(request, DecisionsView(decisions=decisions_seen(session, actor, view)))


@router.post(
    "/explanations/{explanation_id}/decisions",
    status_code=201,
    summary="Settle a disagreement",
    responses=problems_of(400, 403, 404, 409, 413, 429),
)
def decide_explanation(
    reading: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    actor: CurrentActor,
    explanation_id: ExplanationId,
    body: Annotated[DecisionBody, Body(description="What counts, and why.")],
) -> DecisionView:
    """Your decision takes the place of the one before, which stays to be read. 409: somebody
    decided meanwhile; who and what is said."""
    view = get_explanation(reading, explanation_id=explanation_id)
    asked = asked_of(reading, model=view.model, campaign=body.campaign)
    merged = None
    if body.merged is not None:
        with places.taken_for(body.merged.program):
            merged = make_claim(
                reading, (view.model, view.site, view.index), text=body.merged.text,
                program=body.merged.program, data=settings.data, check=deadline,
            )  # fmt: skip
    ruling = Ruling(body.verdict, body.reason, body.seen, merged)
    with writer.session() as session:
        return decide(
            session, asked, explanation_id=explanation_id, actor=actor.name, ruling=ruling
        )
