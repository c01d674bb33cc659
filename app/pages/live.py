"""`/m/{model}/{site}/{index}/live`: any text, and what the unit does on it, asked of the model."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from analysis.protocol.activations import ActivationsRequest, PromptActivations
from analysis.protocol.edits import UnitRef
from analysis.protocol.prompts import Prompt
from app.auth.actor import CurrentActor
from app.dependencies import StoreEngine
from app.errors import BadRequestError, PatchclampError
from app.live.asking import Lab
from app.live.experiment import Laboratory
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.rendering.simulation import Row
from app.rendering.words import unit_noun
from app.store.engine import open_session
from app.store.queries.unit import get_unit
from app.store.views.unit import UnitView

router = APIRouter()

HERE: Final = "/m/{model}/{site}/{index}/live"
LONGEST: Final = 20_000
Index = Annotated[int, Path(ge=0, le=2**31 - 1)]


class TextForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, Field(max_length=LONGEST)] = ""


@dataclass(frozen=True)
class Tried:
    """What became of a text; its line is drawn from `counted_from` on."""

    text: str
    line: Row | None = None
    counted_from: int = 0
    lowest: int | None = None
    """Position of the lowest activation, where that is below 0: gated neurons have two sides."""
    error: PatchclampError | None = None


@router.get(HERE)
def show_form(
    request: Request, engine: StoreEngine, model: str, site: str, index: Index
) -> Response:
    """For browsers without scripts that come back here."""
    return _show(request, _read(engine, (model, site, index)), Tried(""))


@router.post(HERE)
async def try_text(
    request: Request,
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    model: str,
    site: str,
    index: Index,
    form: Annotated[TextForm, Form()],
) -> Response:
    unit = (model, site, index)
    view = await run_in_threadpool(_read, lab.engine, unit)
    try:
        tried = _tried(form.text, await _activations(lab, unit, form.text))
    except PatchclampError as error:
        tried = Tried(form.text, error=error)
    return await run_in_threadpool(_show, request, view, tried)


async def _activations(lab: Laboratory, unit: tuple[str, str, int], text: str) -> PromptActivations:
    model, site, index = unit
    if not text.strip():
        raise BadRequestError("There is no text to try.", hint="Write some.")
    subject = await lab.subject(model)
    request = ActivationsRequest(
        model=subject.spec,
        prompts=(Prompt(text=text.replace("\r\n", "\n")),),
        units=(UnitRef(site=site, index=index),),
    )
    answer = await lab.inference.activations(request)
    return answer.prompts[0]


def _tried(text: str, found: PromptActivations) -> Tried:
    """Peak and lowest are sought where statistics count: not at position 0, if there is another."""
    values, first = found.values[0], 1 if len(found.tokens) > 1 else 0
    peak = max(range(first, len(values)), key=values.__getitem__)
    tokens = [token.text for token in found.tokens]
    ids = [token.id for token in found.tokens]
    lowest = min(range(first, len(values)), key=values.__getitem__)
    below = lowest if values[lowest] < 0 else None
    return Tried(text, Row(tokens, ids, values, peak), first, below)


def _read(engine: Engine, unit: tuple[str, str, int]) -> UnitView:
    """Raises NotFoundError, also for what is no name of a site."""
    model, site, index = unit
    with open_session(engine) as session:
        return get_unit(session, model=model, site=site, index=index)


def _show(request: Request, view: UnitView, tried: Tried) -> Response:
    fit = next((numbers for numbers in view.statistics if numbers.split == "fit"), None)
    context: dict[str, Any] = {
        "unit": view,
        "pages": ModelPages(view.model),
        "noun": unit_noun(view.kind),
        "tried": tried,
        "stored": fit,
    }
    status = 200 if tried.error is None else tried.error.status
    return respond(request, "unit/live.html", context, status)
