"""What the loaded model says of a text: its tokens, activations, the units that fire most."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import Field

from analysis.protocol.activations import (
    ActivationsAnswer,
    ActivationsRequest,
    StrongUnit,
    TokenizeAnswer,
    TokenizeRequest,
    UnitSite,
)
from analysis.protocol.base import Message
from analysis.protocol.edits import UnitRef
from analysis.protocol.experiments import Ran, TokenText
from analysis.protocol.prompts import Prompt
from app.api.describing import problems_of
from app.api.parameters import ModelName
from app.auth.actor import CurrentActor
from app.live.asking import Lab
from app.live.strongest import find_strongest

router = APIRouter(
    prefix="/api/v1/models/{model}",
    tags=["live"],
    responses=problems_of(400, 403, 404, 409, 413, 422, 429, 503),
)


class TokensBody(Message):
    """Prompts to cut into tokens."""

    prompts: tuple[Prompt, ...] = Field(min_length=1, max_length=64)


class ActivationsBody(Message):
    """Prompts, and the units whose activations are wanted."""

    prompts: tuple[Prompt, ...] = Field(min_length=1, max_length=64)
    units: tuple[UnitRef, ...] = Field(min_length=1, max_length=256)


class TextSearchBody(Message):
    """A text, and where units are looked for."""

    prompt: Prompt
    sites: tuple[UnitSite, ...] | None = Field(
        default=None, min_length=1, max_length=4096, description="Default: every site."
    )
    by: Literal["text", "token"] = Field(
        default="text", description="Each unit once, where it is strongest; or the best per token."
    )
    n: int = Field(default=50, ge=1, le=500)
    sign: Literal["positive", "negative", "both"] = "positive"
    skip_first: bool = Field(default=True, description="Leave position 0 out.")
    relative: bool = Field(
        default=True,
        description="Rank by (a - mean) / standard deviation of the unit on the fit split.",
    )


class FoundByText(StrongUnit):
    explanation: str | None
    """The best claim about the unit."""


class TextSearchAnswer(Message):
    tokens: tuple[TokenText, ...]
    units: tuple[FoundByText, ...]
    relative: bool
    """Whether they are ranked by their own distributions; not before the model was swept."""
    ran: Ran


@router.post("/tokens", summary="Cut text into tokens")
async def tokenize(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    model: ModelName,
    body: Annotated[TokensBody, Body(description="Text, token ids or conversations.")],
) -> TokenizeAnswer:
    """As the model's tokeniser does, BOS included; conversations by its chat template."""
    subject = await lab.subject(model)
    request = TokenizeRequest(model=subject.spec, prompts=body.prompts)
    return await lab.inference.tokenize(request)


@router.post("/activations", summary="Get live activations")
async def read_activations(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    model: ModelName,
    body: Annotated[ActivationsBody, Body(description="Prompts and units.")],
) -> ActivationsAnswer:
    """Of some units at every token of some prompts."""
    subject = await lab.subject(model)
    request = ActivationsRequest(model=subject.spec, prompts=body.prompts, units=body.units)
    return await lab.inference.activations(request)


@router.post("/search/text", summary="Find the units that fire most on a text")
async def search_by_text(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    model: ModelName,
    body: Annotated[TextSearchBody, Body(description="A text, and where to look.")],
) -> TextSearchAnswer:
    """Ranked by how far each activation is from the unit's own mean, in standard deviations."""
    asked = {name: getattr(body, name) for name in type(body).model_fields if name != "relative"}
    found = await find_strongest(lab, model, asked, relative=body.relative)
    return TextSearchAnswer.model_construct(
        tokens=found.answer.tokens,
        units=tuple(
            FoundByText.model_construct(
                **dict(unit), explanation=found.labels.get((unit.site, unit.index))
            )
            for unit in found.answer.units
        ),
        relative=found.ranked,
        ran=found.answer.ran,
    )
