"""`/m/{model}/agreement`: how far people agree, and whether scores say beforehand what they accept;
`campaign` narrows it to what was judged in one.

Whoever may be yet to judge an explanation is told nothing of what others said of it: reviewers and
whoever runs a campaign see it all, others what no campaign is about any more.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.agreement.acceptance import measure_acceptance
from app.agreement.measuring import measure_agreement
from app.auth.actor import CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession
from app.errors import ForbiddenError
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.queries.asked_judgements import Asked, asked_of

router = APIRouter()


@dataclass(frozen=True)
class Seen:
    """What somebody asks for, and how much of it they see."""

    asked: Asked
    sees_all: bool
    reviews: bool


def see(
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    campaign: Annotated[str | None, Query(max_length=200)] = None,
) -> Seen:
    """Raises NotFoundError, and ForbiddenError of a campaign that has not ended."""
    asked = asked_of(session, model=model, campaign=campaign or None)
    reviews = actor.may(Right.REVIEW, model)
    sees_all = reviews or (asked.campaign is not None and asked.run_by == actor.name)
    if not sees_all and not asked.has_ended:
        raise ForbiddenError(
            f"How far people agree in {asked.campaign} is shown once it has ended.",
            hint="Until then it would tell those who are yet to judge what others say.",
        )
    return Seen(asked, sees_all, reviews)


WhatIsSeen = Annotated[Seen, Depends(see)]


@router.get("/m/{model}/campaigns/{slug}/agreement")
def lead_to_agreement(model: str, slug: str) -> RedirectResponse:
    return RedirectResponse(ModelPages(model).agreement(campaign=slug), status_code=307)


@router.get("/m/{model}/agreement")
def show_agreement(request: Request, session: ReadSession, seen: WhatIsSeen) -> Response:
    context = {
        "pages": ModelPages(seen.asked.model),
        "asked": seen.asked,
        "reviews": seen.reviews,
        "agreement": measure_agreement(
            session, seen.asked, sees_all=seen.sees_all, sees_gold=seen.reviews
        ),
        "acceptance": measure_acceptance(session, seen.asked, sees_all=seen.sees_all),
    }
    return respond(request, "agreement/page.html", context)
