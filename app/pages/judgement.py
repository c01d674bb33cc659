"""`/m/{model}/{site}/{index}/explanations/{number}/judgement`: a person's verdict on a claim."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import Actor, CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession, WriteSession
from app.fields import blank_to_none
from app.pages.choosing import AskedRun
from app.pages.explanation import HERE, Index, Number, check_place
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond, target_of
from app.store.judging import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS, Rating, judge, take_back
from app.store.queries.explanation import get_explanation
from app.store.queries.judgement import judgements_of
from app.store.views.explanation import ExplanationView
from app.store.views.judgement import Verdict

router = APIRouter()

Step = Annotated[int | None, BeforeValidator(blank_to_none), Field(ge=1, le=5)]


class JudgementForm(BaseModel):
    """Fields as the page sends them; a box that is not ticked is not sent."""

    model_config = ConfigDict(extra="ignore")

    verdict: Verdict
    specificity: Step = None
    sensitivity: Step = None
    several_meanings: Literal["", "1"] = ""
    tags: str = Field(default="", max_length=(LONGEST_TAG + 2) * MOST_TAGS)
    """Parted by commas."""
    note: str = Field(default="", max_length=LONGEST_NOTE + 100)

    def rating(self) -> Rating:
        return Rating(
            verdict=self.verdict,
            specificity=self.specificity,
            sensitivity=self.sensitivity,
            several_meanings=bool(self.several_meanings),
            tags=tuple(self.tags.split(",")),
            note=self.note,
        )


@router.get(HERE + "/{number}/judgement")
def show_judgements(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    run: AskedRun = None,
) -> Response:
    """As its page shows them; for that page, when somebody has judged."""
    view = check_place(get_explanation(session, explanation_id=number), model, site, index)
    return _shown(request, session, actor, view, run)


@router.post(HERE + "/{number}/judgement")
def save_judgement(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    form: Annotated[JudgementForm, Form()],
    run: AskedRun = None,
) -> Response:
    view = check_place(get_explanation(session, explanation_id=number), model, site, index)
    judge(session, explanation_id=number, actor=actor.name, rating=form.rating())
    return _shown(request, session, actor, view, run)


@router.post(HERE + "/{number}/judgement/take-back")
def take_judgement_back(
    request: Request,
    session: WriteSession,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    number: Number,
    run: AskedRun = None,
) -> Response:
    view = check_place(get_explanation(session, explanation_id=number), model, site, index)
    take_back(session, explanation_id=number, actor=actor.name)
    return _shown(request, session, actor, view, run)


def _shown(
    request: Request, session: Session, actor: Actor, view: ExplanationView, run: int | None
) -> Response:
    pages = ModelPages(view.model, run)
    if target_of(request) != "judgement":
        address = pages.explanation(view.site, view.index, view.id)
        return RedirectResponse(f"{address}#judgement", status_code=303)
    judged = judgements_of(
        session,
        view,
        actor=actor.name,
        may_judge=actor.could_be_asked(view.model),
        may_review=actor.may(Right.REVIEW, view.model),
    )
    context = {"pages": pages, "explanation": view, "judgements": judged}
    return respond(
        request, "judgement/panel.html", context, fragments={"judgement": "judgement/panel.html"}
    )
