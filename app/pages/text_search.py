"""`/m/{model}/text`: which units fire most on a text, over all sites or one, overall or per token.

Reads nothing but the loaded model and what is known of the units that were found; the address
holds the question, so that it can be sent to somebody. Since looking at it computes, browsers may
not fetch it ahead, and other sites may link to it but neither embed nor fetch it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Engine

from analysis.protocol.activations import StrongUnit
from analysis.protocol.experiments import TokenText
from analysis.protocol.prompts import LONGEST_TEXT, Prompt
from app.auth.actor import CurrentActor
from app.auth.admitting import count_inference
from app.auth.rights import Right
from app.errors import BadRequestError, PatchclampError
from app.fields import blank_to_none
from app.live.asking import Lab
from app.live.experiment import Laboratory
from app.live.strongest import Strongest, find_strongest
from app.rendering.addresses import ModelPages
from app.rendering.answers import respond
from app.security import refuse_guesses
from app.store.engine import open_session
from app.store.queries.model import list_sites
from app.store.views.model import SiteView

router = APIRouter()

OVERALL: Final = 40
PER_TOKEN: Final = 5
LONGEST_TYPED: Final = 8_000
"""Characters in an address; more is asked for over REST."""

Choice = Annotated[Annotated[str, Field(max_length=40)] | None, BeforeValidator(blank_to_none)]


class TextQuestion(BaseModel):
    """What was typed and chosen."""

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, Field(max_length=min(LONGEST_TYPED, LONGEST_TEXT))] = ""
    site: Choice = None
    by: Literal["text", "token"] = "text"
    sign: Literal["positive", "negative", "both"] = "positive"
    rank: Literal["relative", "raw"] = "relative"

    def parameters(self, **changes: object) -> dict[str, object]:
        values = self.model_dump() | changes
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class AtToken:
    """One token and the units that are strongest there."""

    position: int
    token: TokenText
    units: Sequence[StrongUnit]


@router.get("/m/{model}/text")
async def show_text_search(
    request: Request,
    lab: Lab,
    actor: CurrentActor,
    model: str,
    asked: Annotated[TextQuestion, Query()],
) -> Response:
    sites = await run_in_threadpool(_sites, lab.engine, model)
    context: dict[str, Any] = {
        "pages": ModelPages(model),
        "asked": asked,
        "sites": sites,
        "found": None,
        "error": None,
        "longest": LONGEST_TYPED,
    }
    status = 200
    if not asked.text.strip():
        if "text" in asked.model_fields_set:  # the form was sent as it came
            error = BadRequestError(
                "Write some text first.", hint="Any will do, such as “The capital of France is”."
            )
            context["error"], status = error, error.status
    else:
        refuse_guesses(request)
        try:
            actor.require(Right.RUN, model)
            count_inference(request, actor)
            _check_site(asked.site, sites)
            found = await find(lab, model, asked)
        except PatchclampError as error:  # the form is there to be mended, whatever it is
            context["error"], status = error, error.status
        else:
            context |= {"found": found, "scale": scale_of(found), "rows": rows_of(found, asked)}
    response = respond(request, "text_search/page.html", context, status)
    refused: PatchclampError | None = context["error"]
    if refused is not None and refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


async def find(lab: Laboratory, model: str, asked: TextQuestion) -> Strongest:
    question = {
        "prompt": Prompt(text=asked.text),
        "sites": None if asked.site is None else (asked.site,),
        "by": asked.by,
        "n": OVERALL if asked.by == "text" else PER_TOKEN,
        "sign": asked.sign,
    }
    return await find_strongest(lab, model, question, relative=asked.rank == "relative")


def scale_of(found: Strongest) -> float:
    """The score that has the full colour: the highest of the page."""
    return max((abs(unit.score) for unit in found.answer.units), default=1.0) or 1.0


def rows_of(found: Strongest, asked: TextQuestion) -> list[AtToken]:
    """By token: every token that counts, with its units; else none."""
    if asked.by != "token":
        return []
    units: dict[int, list[StrongUnit]] = {}
    for unit in found.answer.units:
        units.setdefault(unit.position, []).append(unit)
    return [
        AtToken(position, token, units[position])
        for position, token in enumerate(found.answer.tokens)
        if position in units
    ]


def _check_site(chosen: str | None, sites: Sequence[SiteView]) -> None:
    """Raises BadRequestError."""
    if chosen is not None and chosen not in {site.name for site in sites}:
        raise BadRequestError(
            f"The model has no site “{chosen}”.", hint="Choose one of the list, or all."
        )


def _sites(engine: Engine, model: str) -> list[SiteView]:
    with open_session(engine) as session:
        return list_sites(session, model=model)
