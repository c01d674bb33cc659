"""What people make of an explanation: given, read, taken back."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.api.describing import problems_of
from app.api.parameters import ExplanationId
from app.auth.actor import Actor, CurrentActor
from app.auth.rights import Right
from app.dependencies import ReadSession, WriteSession
from app.store.judging import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS, Rating, judge, take_back
from app.store.queries.explanation import get_explanation
from app.store.queries.judgement import judgements_of
from app.store.views.judgement import JudgementsView, JudgementView, Verdict

router = APIRouter(
    prefix="/api/v1/explanations/{explanation_id}",
    tags=["explanations"],
    responses=problems_of(404),
)


class JudgementBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    verdict: Verdict = Field(
        description="`accept`: it says what the unit does; `edit`: there is something in it; "
        "`reject`: it says something else; `unsure`: the evidence does not decide it.",
        examples=["accept"],
    )
    specificity: int | None = Field(
        default=None, ge=1, le=5, description="From 1, it fires mostly on other things, to 5, on "
        "nothing else.", examples=[4],
    )  # fmt: skip
    sensitivity: int | None = Field(
        default=None, ge=1, le=5, description="From 1, it is nearly always silent on this, to 5, "
        "it fires on all of it.", examples=[3],
    )  # fmt: skip
    several_meanings: bool = Field(
        default=False, description="The unit does more than one thing.", examples=[False]
    )
    tags: list[Annotated[str, Field(max_length=LONGEST_TAG)]] = Field(
        default=[], max_length=MOST_TAGS, description="Words of your own.", examples=[["syntax"]]
    )
    note: str = Field(
        default="", max_length=LONGEST_NOTE, description="Why, in your words.",
        examples=["Silent after commas."],
    )  # fmt: skip


@router.get("/judgements", summary="Get what people make of an explanation")
def get_judgements(
    session: ReadSession, actor: CurrentActor, explanation_id: ExplanationId
) -> JudgementsView:
    """Your own judgement, and those of others: which whoever may judge gets once they have."""
    return _shown(session, actor, explanation_id)


@router.put("/judgement", summary="Judge an explanation", responses=problems_of(400, 403, 409, 413))
def judge_explanation(
    session: WriteSession,
    actor: CurrentActor,
    explanation_id: ExplanationId,
    body: Annotated[JudgementBody, Body(description="What you make of it.")],
) -> JudgementView:
    """Give your judgement, in the place of the one that you gave before. 409: the explanation does
    not count any more, since it was edited or withdrawn."""
    rating = Rating(**{**body.model_dump(), "tags": tuple(body.tags)})
    return judge(session, explanation_id=explanation_id, actor=actor.name, rating=rating)


@router.delete("/judgement", summary="Take your judgement back", responses=problems_of(403))
def take_judgement_back(
    session: WriteSession, actor: CurrentActor, explanation_id: ExplanationId
) -> JudgementsView:
    """What is left: it is kept as what you said before, and counts no more. Where you gave none,
    nothing happens."""
    take_back(session, explanation_id=explanation_id, actor=actor.name)
    return _shown(session, actor, explanation_id)


def _shown(session: Session, actor: Actor, explanation_id: int) -> JudgementsView:
    view = get_explanation(session, explanation_id=explanation_id)
    return judgements_of(
        session,
        view,
        actor=actor.name,
        may_judge=actor.could_be_asked(view.model),
        may_review=actor.may(Right.REVIEW, view.model),
    )
