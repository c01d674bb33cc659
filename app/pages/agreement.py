"""`/m/{model}/agreement`: how far people agree, and whether scores say beforehand what they accept;
`campaign` narrows it to what was judged in one.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.agreement.acceptance import measure_acceptance
from app.agreement.measuring import measure_agreement
from app.agreement.seeing import Seen, what_is_seen
from app.auth.actor import CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond

router = APIRouter()


def see(
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    campaign: Annotated[str | None, Query(max_length=200)] = None,
) -> Seen:
    return what_is_seen(session, actor, model=model, campaign=campaign or None)


WhatIsSeen = Annotated[Seen, Depends(see)]


@router.get("/m/{model}/campaigns/{slug}/agreement")
def lead_to_agreement(model: str, slug: str) -> RedirectResponse:
    return RedirectResponse(ModelPages(model).agreement(campaign=slug), status_code=307)


@router.get("/m/{model}/agreement")  # noqa: FAST003 - its dependency takes it
def show_agreement(
    request: Request, session: ReadSession, actor: CurrentActor, seen: WhatIsSeen
) -> Response:
    context = {
        "pages": ModelPages(seen.asked.model),
        "asked": seen.asked,
        "reviews": seen.reviews,
        "works": actor.may(Right.WORK, seen.asked.model),
        "exports": actor.may(Right.EXPORT, seen.asked.model),
        "agreement": measure_agreement(
            session, seen.asked, sees_all=seen.sees_all, sees_gold=seen.reviews
        ),
        "acceptance": measure_acceptance(session, seen.asked, sees_all=seen.sees_all),
    }
    return respond(request, "agreement/page.html", context)
