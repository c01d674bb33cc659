"""`/m/{model}/{site}/{index}/explanations/new`: somebody writes an explanation, or edits one.

Trying changes nothing: the program is read, run on the unit's calibration windows and scored,
beside its token lookup. Saving scores it on test and on held-out domains, and keeps that with the
claim.
"""

from dataclasses import dataclass
from pathlib import Path as Folder
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.auth.actor import CurrentActor
from app.deadline import Deadline
from app.dependencies import (
    AppSettings,
    ProgramDeadline,
    ProgramPlaces,
    ReadSession,
    StoreWriter,
)
from app.errors import ConflictError, PatchclampError, TooManyError
from app.fields import blank_to_none
from app.pages.choosing import AskedRun
from app.pages.explanation import HERE, Index, check_place
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.examples import EXAMPLES
from app.rendering.words import unit_noun
from app.store.claiming import (
    LONGEST_TEXT,
    WORDS_OF_PROGRAM,
    Claim,
    create_explanation,
    edit_explanation,
)
from app.store.queries.explanation import get_explanation
from app.store.queries.unit import get_unit
from app.store.queries.version import newest_version
from app.store.views.difference import DifferenceView, PieceView, ProgramDifferenceView
from app.store.views.explanation import ExplanationView
from app.store.views.trial import TrialView
from app.trials.claim import make_claim
from app.trials.differing import difference_of, program_differing, words_differing
from app.trials.reading import LONGEST_PROGRAM
from app.trials.trial import view_trial

router = APIRouter()

Reference = Annotated[int | None, Query(ge=0, le=2**63 - 1)]


Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
EditedNumber = Annotated[Number | None, BeforeValidator(blank_to_none)]


class ExplanationForm(BaseModel):
    """What a person wrote: words, a program, or both; `edit` makes it a new version."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(default="", max_length=LONGEST_TEXT)
    program: str = Field(default="", max_length=LONGEST_PROGRAM)
    edit: EditedNumber = None


Unit = tuple[str, str, int]
"""Model, site, index."""
WrittenForm = Annotated[ExplanationForm, Form()]


@dataclass(frozen=True)
class Conflict:
    """Of two who edit at once, the second is told: what is there now, and how theirs differs."""

    now: ExplanationView
    """The newest version."""
    by_others: DifferenceView
    """What they changed of the version that was being edited."""
    text: list[PieceView]
    """From what is there now to what was typed."""
    program: ProgramDifferenceView | None

    @property
    def edit(self) -> int | None:
        """What is saved next is a version of this; None: it was withdrawn, and is a new claim."""
        return self.now.id if self.now.status in ("current", "failed") else None


@dataclass(frozen=True)
class Attempt:
    """What became of what was written."""

    trial: TrialView | None = None
    error: PatchclampError | None = None
    conflict: Conflict | None = None
    """What somebody else did meanwhile."""

    @property
    def status(self) -> int:
        return 200 if self.error is None else self.error.status


@router.get(HERE + "/new")
def show_form(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    model: str,
    site: str,
    index: Index,
    edit: Reference = None,
    start: Reference = None,
    run: AskedRun = None,
) -> Response:
    form = ExplanationForm()
    chosen = edit if edit is not None else start
    if chosen is not None:
        view = get_explanation(session, explanation_id=chosen)
        form = fill_form(view, check_place(view, model, site, index).id == edit)
    unit, status = (model, site, index), 200
    try:
        with places.taken_for(form.program):
            attempt = attempt_trial(session, settings.data, unit, form, deadline, run=run)
    except TooManyError as error:  # the form is there to be written in meanwhile
        attempt, status = Attempt(error=error), error.status
    return answer(request, session, unit, form, attempt, status=status, run=run)


@router.post(HERE + "/try")
def try_explanation(
    request: Request,
    session: ReadSession,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    actor: CurrentActor,  # noqa: ARG001 - nothing is written, but it costs
    model: str,
    site: str,
    index: Index,
    form: WrittenForm,
    run: AskedRun = None,
) -> Response:
    unit = (model, site, index)
    try:
        with places.taken_for(form.program):
            attempt = attempt_trial(session, settings.data, unit, form, deadline, run=run)
    except TooManyError as error:
        attempt = Attempt(error=error)
    return answer(request, session, unit, form, attempt, status=attempt.status, run=run)


@router.post(HERE)
def save_explanation(
    request: Request,
    session: ReadSession,
    writer: StoreWriter,
    settings: AppSettings,
    deadline: ProgramDeadline,
    places: ProgramPlaces,
    actor: CurrentActor,
    model: str,
    site: str,
    index: Index,
    form: WrittenForm,
    run: AskedRun = None,
) -> Response:
    unit = (model, site, index)
    try:
        with places.taken_for(form.program):
            claim = read_claim(session, unit, form, deadline, data=settings.data, run=run)
        # outside of its place: others may run programs while this one waits to be written
        with writer.session() as writing:
            saved = write_claim(writing, unit, form, claim, actor=actor.name)
    except PatchclampError as error:  # whatever it is, what was written stays in the form
        session.rollback()  # to see what others did meanwhile
        met = find_conflict(session, form) if isinstance(error, ConflictError) else None
        if met is not None:
            form = form.model_copy(update={"edit": met.edit})
        attempt = Attempt(error=error, conflict=met)
        return answer(request, session, unit, form, attempt, status=error.status, run=run)
    return RedirectResponse(
        ModelPages(model, run).explanation(site, index, saved.id), status_code=303
    )


def attempt_trial(
    session: Session,
    data: Folder,
    unit: Unit,
    form: ExplanationForm,
    deadline: Deadline,
    *,
    run: int | None,
) -> Attempt:
    """The trial of the form's program on text of the run, the model's current one where it is None;
    the error where it cannot be read or run in time."""
    model, site, index = unit
    if not form.program.strip():
        return Attempt()
    try:
        trial = view_trial(
            session,
            form.program,
            model=model,
            site=site,
            index=index,
            data=data,
            check=deadline,
            run_id=run,
        )
        return Attempt(trial)
    except PatchclampError as error:
        return Attempt(error=error)


def read_claim(
    session: Session,
    unit: Unit,
    form: ExplanationForm,
    deadline: Deadline,
    *,
    data: Folder,
    run: int | None,
) -> Claim:
    """What was written, scored; in a session that reads, so that nobody waits for it to write."""
    if form.edit is not None:
        check_place(get_explanation(session, explanation_id=form.edit), *unit)
    return make_claim(
        session,
        unit,
        text=form.text,
        program=form.program,
        data=data,
        check=deadline,
        run_id=run,
    )


def write_claim(
    session: Session, unit: Unit, form: ExplanationForm, claim: Claim, *, actor: str
) -> ExplanationView:
    """As a new explanation, or as the next version of the one that was edited."""
    if form.edit is not None:
        return edit_explanation(session, explanation_id=form.edit, claim=claim, actor=actor)
    model, site, index = unit
    return create_explanation(
        session, model=model, site=site, index=index, claim=claim, actor=actor
    )


def find_conflict(session: Session, form: ExplanationForm) -> Conflict | None:
    """None: nobody has changed what is edited."""
    newest = None
    if form.edit is not None:
        newest = newest_version(session, explanation_id=form.edit)
    if newest is None or form.edit is None:
        return None
    was = get_explanation(session, explanation_id=form.edit)
    now = get_explanation(session, explanation_id=newest)
    words = form.text if form.text.strip() or not form.program.strip() else now.text
    return Conflict(
        now=now,
        by_others=difference_of(was, now),
        # a form's lines end otherwise than most texts'
        text=words_differing(now.text.replace("\r\n", "\n"), words.replace("\r\n", "\n")),
        program=program_differing(now.program, form.program),
    )


def fill_form(view: ExplanationView, editing: bool) -> ExplanationForm:
    """With words only where they are a person's: those of a program are written from it."""
    theirs = view.method == "hand" and not view.details.get(WORDS_OF_PROGRAM)
    return ExplanationForm.model_construct(
        text=view.text if editing and theirs else "",
        program=view.program or "",
        edit=view.id if editing else None,
    )


def answer(
    request: Request,
    session: Session,
    unit: Unit,
    form: ExplanationForm,
    attempt: Attempt,
    *,
    status: int,
    run: int | None,
) -> Response:
    model, site, index = unit
    context = {
        "pages": ModelPages(model, run),
        "unit": get_unit(session, model=model, site=site, index=index, run_id=run),
        "noun": unit_noun(site.partition(".")[0]),
        "form": form,
        "trial": attempt.trial,
        "error": None if attempt.conflict else attempt.error,
        "conflict": attempt.conflict,
        "examples": EXAMPLES,
        "longest_program": LONGEST_PROGRAM,
        "longest_text": LONGEST_TEXT,
    }
    answered = respond(request, "explanation/write.html", context, status)
    if attempt.error is not None and attempt.error.retry_after is not None:
        answered.headers["Retry-After"] = str(attempt.error.retry_after)
    return answered
