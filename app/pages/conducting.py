"""What is done with an experiment from its page: run again, continued, named, deleted; and sweeps.

Streams are for scripts, which read them from the REST interface; the forms here wait for the end
and lead to the page that shows it.
"""

from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from analysis.protocol.experiments import Drawing
from app.auth.actor import CurrentActor
from app.dependencies import WriteSession
from app.errors import PatchclampError
from app.live.asking import Lab
from app.live.experiment import Laboratory, Words
from app.live.repeating import Repeated, repeat
from app.live.sweep_form import SweepForm
from app.pages.effect import read_effect
from app.pages.experiment import context_of
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.store.engine import open_session
from app.store.experimenting import delete_experiment, describe_experiment
from app.store.queries.experiment import get_experiment
from app.store.views.experiment import ExperimentView

router = APIRouter()


class ContinuingForm(BaseModel):
    """How continuations are drawn."""

    model_config = ConfigDict(extra="ignore")

    n_tokens: Annotated[int, Field(ge=1, le=1024)] = 40
    temperature: Annotated[float, Field(ge=0, le=10)] = 0.0
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    control: bool = False


class WordsForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str = ""
    note: str = ""


@router.post("/experiments/{slug}/again")
async def run_again(
    request: Request,
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    slug: str,
) -> Response:
    """The same request anew, compared with what is stored."""
    view = await run_in_threadpool(lab.read, slug)
    try:
        again: dict[str, Any] = {"again": await repeat(lab, view)}
    except PatchclampError as error:
        again = {"error": error}
    return await run_in_threadpool(_show, request, lab, slug, **again)


@router.post("/experiments/{slug}/continue")
async def continue_experiment(
    request: Request,
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - they are kept with the experiment, whoever asks
    slug: str,
    form: Annotated[ContinuingForm, Form()],
) -> Response:
    view = await run_in_threadpool(lab.read, slug)
    try:
        await _generate(lab, view, form)
    except PatchclampError as error:
        return await run_in_threadpool(_show, request, lab, slug, error=error)
    return RedirectResponse(f"/experiments/{slug}#continuations", status_code=303)


@router.post("/experiments/{slug}/words")
def describe(
    session: WriteSession, actor: CurrentActor, slug: str, form: Annotated[WordsForm, Form()]
) -> Response:
    changes = {"name": form.name, "note": form.note}
    describe_experiment(session, slug=slug, actor=actor.name, changes=changes)  # type: ignore[arg-type]
    return RedirectResponse(f"/experiments/{slug}", status_code=303)


@router.post("/experiments/{slug}/delete")
def delete(session: WriteSession, actor: CurrentActor, slug: str) -> Response:
    model = get_experiment(session, slug=slug).model
    delete_experiment(session, slug=slug, actor=actor.name)
    return RedirectResponse(ModelPages(model).experiments(), status_code=303)


@router.post("/m/{model}/playground/sweep")
async def run_sweep(
    lab: Lab, actor: CurrentActor, model: str, form: Annotated[SweepForm, Form()]
) -> Response:
    """Waits for its end: scripts ask the REST interface, which tells how far it is."""
    asked = await run_in_threadpool(form.sweep)
    slug = ""
    async with aclosing(lab.sweep(model, asked, Words(actor.name))) as messages:
        async for message in messages:
            if isinstance(message, ExperimentView):
                slug = message.slug
    return RedirectResponse(f"/experiments/{slug}", status_code=303)


async def _generate(lab: Laboratory, view: ExperimentView, form: ContinuingForm) -> None:
    drawing = Drawing.model_validate(form.model_dump())
    async with aclosing(lab.continuations(view.slug, drawing)) as messages:
        async for _ in messages:
            pass


def _show(
    request: Request,
    lab: Laboratory,
    slug: str,
    *,
    again: Repeated | None = None,
    error: PatchclampError | None = None,
) -> Response:
    with open_session(lab.engine) as session:
        context = context_of(session, read_effect(session, slug), again=again, error=error)
    status = 200 if error is None else error.status
    return respond(request, "experiment/page.html", context, status)
