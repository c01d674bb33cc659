"""Steered continuations, in Neuronpedia's paths and names; each is kept as an experiment.

A neuron's direction is its output vector, scaled to length 1; a vector that was kept is added as it
is. Either is added times strength and multiplier, at every token.
"""

from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from analysis.protocol.activations import TokenizeRequest
from analysis.protocol.edits import Direction, Edit, UnitRef
from analysis.protocol.experiments import AskedToGenerate, GeneratedToken
from analysis.protocol.prompts import Prompt, Turn
from app.api.describing import problems_of
from app.api.neuronpedia.checking import STREAM, check_method, model_site
from app.api.neuronpedia.parameters import (
    ChatMessage,
    ChatSteering,
    CompletionSteering,
    Steering,
    SteeringFeature,
)
from app.auth.actor import CurrentActor
from app.errors import BadRequestError
from app.exchange.sources import site_of
from app.live.asking import Lab
from app.live.experiment import Laboratory, Words
from app.live.subject import Subject
from app.store.engine import open_session
from app.store.queries.vector import get_vector

router = APIRouter(
    prefix="/api",
    tags=["neuronpedia"],
    responses=problems_of(400, 403, 404, 409, 413, 422, 429, 503),
)


class SteeredText(BaseModel):
    """The prompt with each continuation."""

    STEERED: str
    DEFAULT: str
    id: str
    shareUrl: str  # noqa: N815 - Neuronpedia's name


class Conversation(BaseModel):
    """A conversation with its continuation."""

    raw: str
    """With the marks of the chat template."""
    chatTemplate: list[ChatMessage]  # noqa: N815


class SteeredChat(BaseModel):
    STEERED: Conversation
    DEFAULT: Conversation
    id: str
    shareUrl: str  # noqa: N815


class Continued(BaseModel):
    """What was generated."""

    slug: str
    texts: dict[str, str]
    """By continuation."""
    prompt: str


@router.post("/steer/", include_in_schema=False)
@router.post("/steer", summary="Continue a text with and without steering")
async def steer(
    request: Request,
    lab: Lab,
    actor: CurrentActor,
    body: Annotated[CompletionSteering, Body(description="The text, and what steers it.")],
) -> SteeredText:
    """Two continuations from one seed, in one answer when both have ended."""
    found = await _continue(lab, body, Prompt(text=body.prompt), actor.name)
    return SteeredText(
        STEERED=body.prompt + found.texts["edited"],
        DEFAULT=body.prompt + found.texts["clean"],
        id=found.slug,
        shareUrl=_share(request, found.slug),
    )


@router.post("/steer-chat/", include_in_schema=False)
@router.post("/steer-chat", summary="Answer a conversation with and without steering")
async def steer_chat(
    request: Request,
    lab: Lab,
    actor: CurrentActor,
    body: Annotated[ChatSteering, Body(description="The conversation, and what steers it.")],
) -> SteeredChat:
    """As `steer`, through the model's chat template."""
    check_method(body.steer_special_tokens)
    steered = await _continue(lab, body, _turns(body.steeredChatMessages), actor.name)
    default = steered
    if body.defaultChatMessages != body.steeredChatMessages:
        default = await _continue(lab, body, _turns(body.defaultChatMessages), actor.name)
    return SteeredChat(
        STEERED=_conversation(body.steeredChatMessages, steered, "edited"),
        DEFAULT=_conversation(body.defaultChatMessages, default, "clean"),
        id=steered.slug,
        shareUrl=_share(request, steered.slug),
    )


async def _continue(lab: Laboratory, body: Steering, prompt: Prompt, actor: str) -> Continued:
    subject = await lab.subject(body.modelId)
    edits = [await _edit(lab, subject, feature, body) for feature in body.features]
    asked = AskedToGenerate(
        prompt=prompt,
        edits=tuple(edits),
        n_tokens=body.n_tokens,
        temperature=body.temperature,
        frequency_penalty=body.freq_penalty,
        seed=body.seed,
    )
    texts = {"clean": "", "edited": ""}
    slug = ""
    async with aclosing(lab.generation(body.modelId, asked, Words(actor))) as messages:
        async for message in messages:
            if isinstance(message, GeneratedToken):
                texts[message.which] += message.token.text
            else:
                slug = message.slug
    written = await _written(lab, subject, prompt)
    return Continued(slug=slug, texts=texts, prompt=written)


async def _edit(
    lab: Laboratory, subject: Subject, feature: SteeringFeature, body: Steering
) -> Edit:
    if feature.modelId != body.modelId:
        raise BadRequestError(
            f"A feature of {feature.modelId} cannot steer {body.modelId}.",
            hint="Give features of the model that is steered.",
        )
    strength = feature.strength * body.strength_multiplier
    site, index = site_of(feature.layer), int(feature.index)
    if STREAM.fullmatch(site):
        values = await run_in_threadpool(_vector, lab, body.modelId, site, index)
        direction = Direction(kind="vector", vector=tuple(values))
        return _addition(site, strength, direction)
    place = model_site(subject, feature.layer)
    if not place.startswith("mlp."):
        raise BadRequestError(
            f"{feature.layer} are heads, and a head has no direction of its own.",
            hint="Steer with a neuron (12-mlp) or with a vector that you kept.",
        )
    direction = Direction(kind="unit", unit=UnitRef(site=place, index=index), normalised=True)
    return _addition(f"resid.{place.partition('.')[2]}", strength, direction)


def _addition(site: str, strength: float, direction: Direction) -> Edit:
    return Edit(site=site, operation="add", value=strength, direction=direction)


def _vector(lab: Laboratory, model: str, site: str, index: int) -> list[float]:
    with open_session(lab.engine) as session:
        return list(get_vector(session, model=model, site=site, index=index).values)


async def _written(lab: Laboratory, subject: Subject, prompt: Prompt) -> str:
    """The prompt as the model reads it."""
    request = TokenizeRequest(model=subject.spec, prompts=(prompt,))
    answer = await lab.inference.tokenize(request)
    return "".join(token.text for token in answer.prompts[0])


def _turns(messages: list[ChatMessage]) -> Prompt:
    def role(message: ChatMessage) -> Any:  # noqa: ANN401 - one of the three that Turn knows
        return "assistant" if message.role == "model" else message.role

    return Prompt(turns=tuple(Turn(role=role(one), content=one.content) for one in messages))


def _conversation(messages: list[ChatMessage], found: Continued, which: str) -> Conversation:
    said = found.texts[which]
    return Conversation(
        raw=found.prompt + said,
        chatTemplate=[*messages, ChatMessage(role="assistant", content=said)],
    )


def _share(request: Request, slug: str) -> str:
    return f"{request.base_url}experiments/{slug}"
