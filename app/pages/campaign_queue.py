"""`/m/{model}/campaigns/{slug}/judge`: one explanation at a time, judged blind; windows on the
left, the answer on the right, everything by keyboard."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, InferenceState, ReadSession, StoreWriter
from app.fields import RowId, blank_to_none
from app.inference.connection import State
from app.pages.judgement import JudgementForm
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond, target_of
from app.rendering.words import unit_noun
from app.settings import Settings
from app.store.answering import LONGEST_REASON, LONGEST_SECONDS, skip, submit
from app.store.assigning import hand_out
from app.store.queries.assignment import show_held
from app.store.queries.campaign import get_campaign
from app.store.views.campaign import NextView
from app.trials.blind import gather_windows_of

router = APIRouter()

HERE: Final = "/m/{model}/campaigns/{slug}/judge"
TARGET: Final = "judging"
Seconds = Annotated[float | None, BeforeValidator(blank_to_none), Field(ge=0, le=LONGEST_SECONDS)]


class AnswerForm(JudgementForm):
    guideline_version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    seconds: Seconds = None
    """Counted by the page's script; nothing without one."""


class SkipForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    reason: str = Field(default="", max_length=LONGEST_REASON)


@dataclass(frozen=True)
class Queue:
    """Whose, and of which campaign."""

    request: Request
    session: Session
    settings: Settings
    actor: str
    model: str
    slug: str

    @property
    def named(self) -> dict[str, str]:
        return {"model": self.model, "slug": self.slug, "actor": self.actor}


async def get_queue(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    actor: CurrentActor,
    model: str,
    slug: str,
) -> Queue:
    return Queue(request, session, settings, actor.name, model, slug)


OwnQueue = Annotated[Queue, Depends(get_queue)]


@router.get(HERE)
def show_queue(queue: OwnQueue, state: InferenceState) -> Response:
    """What one holds; hands out nothing, for browsers ask for pages that nobody looks at."""
    return _show(queue, show_held(queue.session, **queue.named), state)


@router.post(HERE)
def begin(queue: OwnQueue, writer: StoreWriter) -> Response:
    with writer.session() as session:
        following = hand_out(session, **queue.named)
    return _go_on(queue, following)


@router.post(HERE + "/{assignment_id}")
def save_answer(
    queue: OwnQueue,
    writer: StoreWriter,
    assignment_id: RowId,
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """A refusal leaves what was sent as the item's draft."""
    with writer.session() as session:
        answered = submit(
            session, **queue.named, number=assignment_id, rating=form.rating(),
            guideline_version=form.guideline_version, seconds=form.seconds,
        )  # fmt: skip
        if answered.refused is None:
            following = hand_out(session, **queue.named)
    if answered.refused is not None:
        raise answered.refused
    return _go_on(queue, following)


@router.post(HERE + "/{assignment_id}/skip")
def skip_item(
    queue: OwnQueue,
    writer: StoreWriter,
    assignment_id: RowId,
    form: Annotated[SkipForm, Form()],
) -> Response:
    with writer.session() as session:
        skip(session, **queue.named, number=assignment_id, reason=form.reason)
        following = hand_out(session, **queue.named)
    return _go_on(queue, following)


def _go_on(queue: Queue, following: NextView) -> Response:
    """In place; a browser without scripts is led to the page, which can be loaded again."""
    if target_of(queue.request) == TARGET or following.assignment is None:
        return _show(queue, following)
    address = ModelPages(queue.model).campaign(queue.slug, "judge")
    return RedirectResponse(address, status_code=303)


def _show(queue: Queue, following: NextView | None, state: State | None = None) -> Response:
    """`following` None: one has to ask for an item first."""
    campaign = get_campaign(queue.session, model=queue.model, slug=queue.slug, may_review=False)
    context: dict[str, Any] = {
        "pages": ModelPages(queue.model),
        "campaign": campaign,
        "following": following,
        "item": None,
        "state": state,
    }
    item = None if following is None else following.assignment
    if item is not None:
        context |= {
            "item": item,
            "unit": item,
            "noun": unit_noun(item.site.partition(".")[0]),
            "windows": gather_windows_of(queue.session, item, data=queue.settings.data),
        }
    return respond(queue.request, "campaign/judge.html", context)
