"""Circuits asked about on the loaded model: some units proved, taken away on one prompt, or what
they carry."""

from typing import Annotated

from fastapi import APIRouter, Body

from app.api.circuits import CircuitSlug
from app.api.describing import problems_of
from app.api.parameters import ModelName
from app.auth.actor import CurrentActor
from app.live.ablating import AblationAnswer, AskedToAblate, ablate_units
from app.live.asking import Lab
from app.live.proving import AskedToProve, LiveProof, prove_units
from app.live.scrubbing import AskedToScrub, LiveScrub, scrub_claims

router = APIRouter(
    prefix="/api/v1/models/{model}/circuits/{slug}",
    tags=["circuits"],
    responses=problems_of(400, 403, 404, 409, 413, 422, 429, 503),
)


@router.post("/prove", summary="Prove some units of a circuit")
async def prove(
    lab: Lab,
    actor: CurrentActor,
    model: ModelName,
    slug: CircuitSlug,
    body: Annotated[AskedToProve, Body(description="Units, and prompts.")],
) -> LiveProof:
    """Faithfulness and completeness of exactly these neurons and heads, and of as many random ones,
    on the pairs of the circuit's task. The first answer traces the pairs; those that follow, with
    other units, take a run per batch."""
    return await prove_units(lab, model, slug, body, actor=actor.name)


@router.post("/ablate", summary="Ablate some units on one prompt")
async def ablate(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    model: ModelName,
    slug: CircuitSlug,
    body: Annotated[AskedToAblate, Body(description="Units, and a prompt.")],
) -> AblationAnswer:
    """What the model says behind the prompt with only these units ablated, and with as many random
    ones of the same sites."""
    return await ablate_units(lab, model, slug, body)


@router.post("/scrub", summary="Test what some units of a circuit carry")
async def scrub(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    model: ModelName,
    slug: CircuitSlug,
    body: Annotated[AskedToScrub, Body(description="Claims about units, and prompts.")],
) -> LiveScrub:
    """Causal scrubbing of a hypothesis of one's own: the claimed units get their values from other
    prompts that share the feature. Beside it the same units with their own values and with any
    prompt's, and as many random units of the circuit."""
    return await scrub_claims(lab, model, slug, body)
