"""`/m/{model}/playground`: a prompt, edits of units, and what they change, beside random units.

Each run is kept as an experiment, whose page shows the same numbers; the playground's address then
names it, so that going back and sending the link work. Without scripts every button is a form's.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from analysis.protocol.activations import TokenizeAnswer, TokenizeRequest
from analysis.protocol.experiments import TokenText
from analysis.protocol.prompts import Prompt
from analysis.protocol.written import UNDERSTOOD, Row, WrittenError, read_row
from app.auth.actor import CurrentActor
from app.dependencies import InferenceState, StoreEngine
from app.errors import BadRequestError, NotFoundError, PatchclampError
from app.inference.connection import State
from app.live.asking import Lab
from app.live.experiment import Laboratory, Words, of_another_version
from app.live.form import PlaygroundForm, form_of, prompt_fields, with_lines
from app.live.sliders import Slider, sliders_of
from app.live.sweep_form import BEST_OF_SITE
from app.live.targets import find_targets
from app.pages.effect import Effect, read_effect
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.engine import open_session
from app.store.queries.labels import labels_of
from app.store.queries.model import get_model, list_sites
from app.store.queries.run import get_run
from app.store.queries.window import get_window

router = APIRouter()

HERE: Final = "/m/{model}/playground"
OPERATIONS: Final = {
    "zero": "= 0", "set": "= value", "scale": "×", "add": "+=", "mean": "= mean",
    "resample": "= resample", "patch": "= patch",
}  # fmt: skip
ANSWERS: Final = State("ok")
"""What it is taken for where it was asked just now."""
Posted = Annotated[PlaygroundForm, Form()]
Lines = Annotated[list[Annotated[str, Query(max_length=1000)]], Query(max_length=64)]


@dataclass(frozen=True)
class Line:
    """A row of the form, and what is known of its unit."""

    row: Row
    slider: Slider | None
    label: str | None
    unit: tuple[str, int] | None
    has_other: bool


@dataclass(frozen=True)
class Desk:
    """All that the page shows besides the model."""

    form: PlaygroundForm
    slug: str | None = None
    tokens: tuple[TokenText, ...] = ()
    chats: bool | None = None
    """Whether the model has a chat template; None: not known yet."""
    error: PatchclampError | None = None
    swapped: bool = False
    """The answer replaces the result on a page that is there."""


@router.get(HERE)
async def show_playground(
    request: Request,
    engine: StoreEngine,
    state: InferenceState,
    model: str,
    edit: Lines = [],  # noqa: B006 - FastAPI copies it
    text: Annotated[str, Query(max_length=20_000)] = "",
    window: Annotated[str, Query(pattern=r"^(\d{1,18}:\d{1,18})?$")] = "",
    experiment: Annotated[str | None, Query(max_length=40)] = None,
    fork: bool = False,
) -> Response:
    def opened(session: Session) -> tuple[Desk, Effect | None]:
        effect = None if experiment is None else _of_model(session, model, experiment)
        if effect is not None:
            form = _stored(effect, fork=fork)
        else:
            form = _of_window(session, model, window) if window else PlaygroundForm(text=text)
        form = with_lines(form, edit)
        desk = Desk(form, tokens=() if effect is None else effect.tokens, error=_unread(form))
        return desk, None if edit or (effect and effect.view.kind != "experiment") else effect

    context = await run_in_threadpool(_context, engine, model, opened)
    ready = bool(edit) and not context["desk"].error and state.status == "ok"
    return respond(request, "playground/page.html", {**context, "state": state, "ready": ready})


@router.post(HERE)
async def run_playground(
    request: Request, lab: Lab, actor: CurrentActor, model: str, form: Posted
) -> Response:
    swapped = "hx-request" in request.headers
    settled = await run_in_threadpool(form.settled)  # its rows may be long
    desk = await _run(lab, model, form, settled, actor.name)
    if desk.slug is not None and not swapped:
        address = ModelPages(model).playground(experiment=desk.slug)
        return RedirectResponse(address, status_code=303)

    def shown(session: Session) -> tuple[Desk, Effect | None]:
        effect = None if desk.slug is None else read_effect(session, desk.slug)
        tokens = () if effect is None else effect.tokens
        return Desk(desk.form, desk.slug, tokens, None, desk.error, swapped), effect

    context = await run_in_threadpool(_context, lab.engine, model, shown)
    context |= {
        "state": ANSWERS,
        "ready": False,
        "new_rows": form.changes_rows,
        "new_options": form.changes_options,
    }
    status = 200 if desk.error is None else desk.error.status
    answered = respond(request, "playground/page.html", context, status)
    if desk.slug is not None:
        answered.headers["HX-Replace-Url"] = ModelPages(model).playground(experiment=desk.slug)
    if desk.error is not None and desk.error.retry_after is not None:
        answered.headers["Retry-After"] = str(desk.error.retry_after)
    return answered


@router.post(HERE + "/tokens")
async def show_tokens(
    request: Request,
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    model: str,
    form: Posted,
) -> Response:
    """The prompt as tokens; without scripts, the page with them."""
    desk = await _cut(lab, model, form)

    def shown(_: Session) -> tuple[Desk, Effect | None]:
        return desk, None

    context = await run_in_threadpool(_context, lab.engine, model, shown)
    return respond(
        request,
        "playground/page.html",
        {**context, "state": ANSWERS, "ready": False},
        200 if desk.error is None else desk.error.status,
    )


async def _run(
    lab: Laboratory, model: str, form: PlaygroundForm, settled: PlaygroundForm, actor: str
) -> Desk:
    """The experiment that the form asks for, kept; or why there is none."""
    try:
        if form.add.strip() and settled.add:
            await run_in_threadpool(settled.edits)  # says what is wrong with the line
        targets = await find_targets(lab, model, settled.targets)
        asked = await run_in_threadpool(settled.asked, targets)
        words = Words(actor, parent=settled.parent or None)
        view = await lab.experiment(model, asked, words)
    except PatchclampError as error:
        # a line that cannot be run becomes no row, in whose way every later run would find it
        return Desk(form if form.add.strip() else settled, error=error)
    return Desk(settled, slug=view.slug)


async def _cut(lab: Laboratory, model: str, form: PlaygroundForm) -> Desk:
    try:
        prompt = await run_in_threadpool(form.prompt)
    except BadRequestError:  # nothing is written yet: the model says at least what it can
        return Desk(form)
    try:
        subject = await lab.subject(model)
        answer: TokenizeAnswer = await lab.inference.tokenize(
            TokenizeRequest(model=subject.spec, prompts=(prompt,))
        )
    except PatchclampError as error:
        return Desk(form, error=error)
    return Desk(form, tokens=answer.prompts[0], chats=answer.has_chat_template)


def _of_model(session: Session, model: str, slug: str) -> Effect:
    effect = read_effect(session, slug)
    if effect.view.model != model:
        raise NotFoundError(
            f"{model} has no experiment {slug}: it is of {effect.view.model}.",
            hint=f"See /experiments/{slug}.",
        )
    return effect


def _stored(effect: Effect, *, fork: bool) -> PlaygroundForm:
    """The form that asks what an experiment asked."""
    parent = effect.view.slug if fork else ""
    texts = [token.text for token in effect.tokens]
    try:
        return form_of(effect.view.request, texts=texts, parent=parent)
    except ValidationError as error:
        raise of_another_version(effect.view.slug) from error


def _of_window(session: Session, model: str, window: str) -> PlaygroundForm:
    """The form with the tokens of a window that a run of the model read: ids of another model's
    tokeniser would be other words here."""
    run, _, number = window.partition(":")
    of = get_run(session, run_id=int(run)).model
    if of != model:
        raise NotFoundError(
            f"{model} has no run {run}: it is of {of}.", hint="See the windows on a unit's page."
        )
    found = get_window(session, run_id=int(run), number=int(number))
    prompt = Prompt(tokens=tuple(found.token_ids))
    return PlaygroundForm.model_construct(**prompt_fields(prompt, found.tokens))


def _unread(form: PlaygroundForm) -> PatchclampError | None:
    """What is wrong with a line of the address that became no row."""
    if not form.add:
        return None
    try:
        form.edits()
    except BadRequestError as error:
        return error
    return None


def _context(engine: Engine, model: str, show: Any) -> dict[str, Any]:  # noqa: ANN401
    """In a thread. `show` says with a session what the desk holds."""
    with open_session(engine) as session:
        view = get_model(session, name=model)
        desk, effect = show(session)
        return {
            "model": view,
            "pages": ModelPages(model),
            "desk": desk,
            "form": desk.form,
            "effect": effect,
            "lines": _lines(session, model, desk.form.rows),
            "operations": OPERATIONS,
            "sites": [site.name for site in list_sites(session, model=model)],
            "best_of_site": BEST_OF_SITE,
            "understood": UNDERSTOOD,
            "new_rows": False,
            "new_options": False,
        }


def _lines(session: Session, model: str, rows: list[Row]) -> list[Line]:
    units = [_unit(row) for row in rows]
    labels = labels_of(session, model=model, units=[unit for unit in units if unit is not None])
    sliders = sliders_of(session, model=model, rows=rows)
    return [
        Line(
            row,
            slider,
            None if unit is None else labels.get(unit),
            unit,
            row.place.startswith("resid") or row.operation in ("patch", "resample"),
        )
        for row, slider, unit in zip(rows, sliders, units, strict=True)
    ]


def _unit(row: Row) -> tuple[str, int] | None:
    """The unit that is edited, or whose direction is added."""
    try:
        edit = read_row(row)
    except WrittenError:
        return None
    if edit.direction is not None and edit.direction.unit is not None:
        return edit.direction.unit.site, edit.direction.unit.index
    return None if edit.index is None else (edit.site, edit.index)
