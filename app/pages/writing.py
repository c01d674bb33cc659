"""`/m/{model}/{site}/{index}/explanations/new`: somebody writes an explanation, or edits one.

Trying changes nothing: the program is read, run on the unit's test windows and scored, beside what
is there already. Saving does the same once more and keeps the scores with the claim.
"""

from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.dependencies import AppSettings, ReadSession, WriteSession
from app.errors import BadRequestError, PatchclampError
from app.pages.explanation import HERE, Index, check_place
from app.pages.site import blank_to_none
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.examples import EXAMPLES
from app.rendering.words import unit_noun
from app.store.queries.evaluation import read_evaluation
from app.store.queries.explanation import (
    Claim,
    create_explanation,
    edit_explanation,
    get_explanation,
)
from app.store.queries.unit import get_unit
from app.store.views.explanation import ExplanationView
from app.trials.reading import MOST_CHARACTERS, bits_of_words
from app.trials.trial import Trial, try_program

router = APIRouter()

Reference = Annotated[int | None, Query(ge=0, le=2**63 - 1)]


class ExplanationForm(BaseModel):
    """What a person wrote: words, a program, or both; `edit` makes it a new version."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(default="", max_length=20_000)
    program: str = Field(default="", max_length=MOST_CHARACTERS)
    edit: Annotated[int | None, BeforeValidator(blank_to_none)] = Field(
        default=None, ge=0, le=2**63 - 1
    )


WrittenForm = Annotated[ExplanationForm, Form()]


@dataclass(frozen=True)
class Attempt:
    """What became of what was written."""

    trial: Trial | None = None
    error: PatchclampError | None = None

    @property
    def status(self) -> int:
        return 200 if self.error is None else self.error.status


@router.get(HERE + "/new")
def show_form(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    model: str,
    site: str,
    index: Index,
    edit: Reference = None,
    start: Reference = None,
) -> Response:
    form = ExplanationForm()
    chosen = edit if edit is not None else start
    if chosen is not None:
        view = get_explanation(session, explanation_id=chosen)
        form = fill_form(view, check_place(view, model, site, index).id == edit)
    attempt = attempt_trial(session, settings.data, (model, site, index), form)
    return answer(request, session, (model, site, index), form, attempt, status=200)


@router.post(HERE + "/try")
def try_explanation(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    actor: CurrentActor,  # noqa: ARG001 - nothing is written, but it costs
    model: str,
    site: str,
    index: Index,
    form: WrittenForm,
) -> Response:
    attempt = attempt_trial(session, settings.data, (model, site, index), form)
    return answer(request, session, (model, site, index), form, attempt, status=attempt.status)


@router.post(HERE)
def save_explanation(
    request: Request,
    session: ReadSession,
    writing: WriteSession,
    settings: AppSettings,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    form: WrittenForm,
) -> Response:
    unit = (model, site, index)
    attempt = attempt_trial(session, settings.data, unit, form, words_needed=True)
    if attempt.error is not None:
        return answer(request, session, unit, form, attempt, status=attempt.status)
    saved = save(writing, unit, form, attempt.trial, actor.name)
    return RedirectResponse(ModelPages(model).explanation(site, index, saved.id), status_code=303)


def attempt_trial(
    session: Session,
    data: Folder,
    unit: tuple[str, str, int],
    form: ExplanationForm,
    *,
    words_needed: bool = False,
) -> Attempt:
    """The trial of the form's program; the error where it cannot be read or run."""
    model, site, index = unit
    if not form.program.strip():
        if words_needed and not form.text.strip():
            return Attempt(
                error=BadRequestError(
                    "There is nothing to save.", hint="Write words, a program, or both."
                )
            )
        return Attempt()
    evaluation = read_evaluation(session, model=model, site=site, index=index, data=data)
    try:
        return Attempt(try_program(form.program, evaluation))
    except BadRequestError as error:
        return Attempt(error=error)


def save(
    session: Session,
    unit: tuple[str, str, int],
    form: ExplanationForm,
    trial: Trial | None,
    actor: str,
) -> ExplanationView:
    """As a new claim, or as the next version of the one that was edited."""
    claim = claim_of(form, trial)
    model, site, index = unit
    if form.edit is None:
        return create_explanation(
            session, model=model, site=site, index=index, claim=claim, actor=actor
        )
    check_place(get_explanation(session, explanation_id=form.edit), model, site, index)
    return edit_explanation(session, explanation_id=form.edit, claim=claim, actor=actor)


def claim_of(form: ExplanationForm, trial: Trial | None) -> Claim:
    if trial is None:
        text = form.text.strip()
        return Claim(text, bits=bits_of_words(text))
    program = trial.view.program
    return Claim(
        form.text.strip() or program.english,
        form.program.strip() + "\n",
        program.bits,
        program.n_rules,
        program.n_listed,
        trial.rows,
    )


def fill_form(view: ExplanationView, editing: bool) -> ExplanationForm:
    """With words only where they are a person's: those of a program are written from it."""
    return ExplanationForm.model_construct(
        text=view.text if editing and view.method == "hand" else "",
        program=view.program or "",
        edit=view.id if editing else None,
    )


def answer(
    request: Request,
    session: Session,
    unit: tuple[str, str, int],
    form: ExplanationForm,
    attempt: Attempt,
    *,
    status: int,
) -> Response:
    model, site, index = unit
    context = {
        "pages": ModelPages(model),
        "unit": get_unit(session, model=model, site=site, index=index),
        "noun": unit_noun(site.partition(".")[0]),
        "form": form,
        "trial": None if attempt.trial is None else attempt.trial.view,
        "error": attempt.error,
        "examples": EXAMPLES,
    }
    return respond(request, "explanation/write.html", context, status)
