"""`/m/{model}/disagreements`: explanations of which people make different things, and what a
reviewer decides; `campaign` narrows it to what was judged in one.

One is settled after the other, as in a queue: a decision leads on to the next.
"""

from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ProgramDeadline, ProgramPlaces, ReadSession, StoreWriter
from app.errors import BadRequestError, NotFoundError, PatchclampError
from app.fields import blank_to_none
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.words import unit_noun
from app.store.claiming import LONGEST_TEXT, WORDS_OF_PROGRAM, Claim
from app.store.deciding import LONGEST_REASON, Ruling, decide
from app.store.queries.asked_judgements import Asked, asked_of
from app.store.queries.disagreement import (
    Wanted,
    get_dispute,
    list_disagreements,
    place_in_list,
)
from app.store.queries.explanation import get_explanation
from app.store.unblinding import is_asked_of, take_away
from app.store.views.campaign import ShownWindows
from app.store.views.disagreement import About, State
from app.store.views.explanation import ExplanationView
from app.store.views.judgement import Verdict
from app.trials.blind import Asked as Windowed
from app.trials.blind import gather_windows
from app.trials.claim import make_claim
from app.trials.reading import LONGEST_PROGRAM

router = APIRouter()

HERE: Final = "/m/{model}/disagreements"
Number = Annotated[int, Path(ge=0, le=2**63 - 1)]
Named = Annotated[int, Field(ge=0, le=2**63 - 1)]
OfCampaign = Annotated[str | None, Query(max_length=200)]


class DecisionForm(BaseModel):
    """What a reviewer sends; `merge` writes words and program as the next version."""

    model_config = ConfigDict(extra="ignore")

    verdict: Annotated[Verdict | None, BeforeValidator(blank_to_none)] = None
    reason: str = Field(default="", max_length=LONGEST_REASON + 100)
    seen: Annotated[Named | None, BeforeValidator(blank_to_none)] = None
    merge: str = Field(default="", max_length=1)
    text: str = Field(default="", max_length=LONGEST_TEXT)
    program: str = Field(default="", max_length=LONGEST_PROGRAM)


@dataclass(frozen=True)
class Asking:
    """Which list is gone through."""

    asked: Asked
    wanted: Wanted

    @property
    def parameters(self) -> dict[str, object]:
        """Of addresses that keep to it."""
        said = {"campaign": self.asked.campaign, **self.wanted._asdict()}
        return {name: value for name, value in said.items() if value not in ("open", "any")}

    def list_address(self, **more: object) -> str:
        return ModelPages(self.asked.model).disagreements(**self.parameters, **more)

    def address(self, number: int, **more: object) -> str:
        return ModelPages(self.asked.model).disagreements(number, **self.parameters, **more)


def ask(
    session: ReadSession,
    model: str,
    campaign: OfCampaign = None,
    state: State = "open",
    about: About = "any",
    site: Annotated[str, Query(max_length=100)] = "",
) -> Asking:
    asked = asked_of(session, model=model, campaign=campaign or None)
    return Asking(asked, Wanted(state, about, site.strip() or None))


AskedFor = Annotated[Asking, Depends(ask)]


@router.get("/m/{model}/campaigns/{slug}/disagreements")
def lead_to_disagreements(model: str, slug: str) -> RedirectResponse:
    return RedirectResponse(ModelPages(model).disagreements(campaign=slug), status_code=307)


@router.get(HERE)
def show_disagreements(
    request: Request,
    session: ReadSession,
    asking: AskedFor,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    decided: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
) -> Response:
    context = {
        "pages": ModelPages(asking.asked.model),
        "asking": asking,
        "page": list_disagreements(session, asking.asked, asking.wanted, cursor=cursor),
        "decided": decided,
    }
    return respond(request, "decision/list.html", context)


@router.get(HERE + "/{number}")
def show_dispute(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    actor: CurrentActor,
    asking: AskedFor,
    number: Number,
    decided: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
) -> Response:
    context = _context(session, asking, number, actor.name, settings.data)
    if is_asked_of(session, explanation_id=number, actor=actor.name):
        session.rollback()  # nothing is read while it waits for its turn to write
        with writer.session() as writing:
            take_away(writing, explanation_id=number, actor=actor.name)
    form = fill_form(context["explanation"])
    return respond(
        request, "decision/page.html", context | {"form": form, "error": None, "decided": decided}
    )


@router.post(HERE + "/{number}")
def settle(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    actor: CurrentActor,
    asking: AskedFor,
    number: Number,
    form: Annotated[DecisionForm, Form()],
) -> Response:
    get_dispute(session, asking.asked, explanation_id=number, actor=actor.name)
    place = place_in_list(session, asking.asked, asking.wanted, explanation_id=number)
    try:
        view = get_explanation(session, explanation_id=number)
        with places.taken_for(form.program if form.merge else None):
            merged = None
            if form.merge:
                unit = (view.model, view.site, view.index)
                merged = make_claim(
                    session, unit, text=form.text, program=form.program, data=settings.data,
                    check=deadline,
                )  # fmt: skip
        with writer.session() as writing:
            decide(
                writing, asking.asked, explanation_id=number, actor=actor.name,
                ruling=read_ruling(form, merged),
            )  # fmt: skip
    except PatchclampError as error:  # whatever it is, what was written stays in the form
        session.rollback()  # to see what others did meanwhile
        context = _context(session, asking, number, actor.name, settings.data)
        said = {"form": form, "error": error, "decided": None}
        return respond(request, "decision/page.html", context | said, error.status)
    after = place.after
    told = {"decided": number}
    address = asking.list_address(**told) if after is None else asking.address(after, **told)
    return RedirectResponse(address, status_code=303)


def read_ruling(form: DecisionForm, merged: Claim | None) -> Ruling:
    """A new version says that this one was to be edited. Raises BadRequestError."""
    verdict = "edit" if merged is not None else form.verdict
    if verdict is None:
        raise BadRequestError("No verdict was chosen.", hint="Choose one of the four.")
    return Ruling(verdict, form.reason, form.seen, merged)


def fill_form(view: ExplanationView) -> DecisionForm:
    """With its words and program to be merged from; no words that are written from the program."""
    written = bool(view.details.get(WORDS_OF_PROGRAM)) or view.method in ("rules", "lookup")
    return DecisionForm.model_construct(
        text="" if written and view.program else view.text, program=view.program or ""
    )


def read_windows(session: Session, view: ExplanationView, data: Folder) -> ShownWindows | None:
    """Those that people judged it by; None where its sweep is gone."""
    asked = Windowed(
        view.model, view.site, view.index, view.text, view.sweep_id, view.program
    )  # fmt: skip
    try:
        return gather_windows(session, asked, data=data)
    except NotFoundError:
        return None


def _context(
    session: Session, asking: Asking, number: int, actor: str, data: Folder
) -> dict[str, Any]:
    dispute = get_dispute(session, asking.asked, explanation_id=number, actor=actor)
    view = get_explanation(session, explanation_id=number)
    return {
        "pages": ModelPages(view.model),
        "asking": asking,
        "dispute": dispute,
        "explanation": view,
        "noun": unit_noun(view.site.partition(".")[0]),
        "place": place_in_list(session, asking.asked, asking.wanted, explanation_id=number),
        "windows": read_windows(session, view, data),
        "longest_reason": LONGEST_REASON,
        "longest_text": LONGEST_TEXT,
        "longest_program": LONGEST_PROGRAM,
    }
