"""Live activations, in Neuronpedia's paths and names."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel

from analysis.protocol.activations import ActivationsRequest, StrongestRequest
from analysis.protocol.edits import UnitRef
from analysis.protocol.prompts import Prompt
from app.api.describing import problems_of
from app.api.neuronpedia.checking import model_site
from app.api.neuronpedia.parameters import NewActivation, SourceActivation
from app.auth.actor import CurrentActor
from app.live.asking import Lab

router = APIRouter(
    prefix="/api/activation",
    tags=["neuronpedia"],
    responses=problems_of(400, 403, 404, 409, 413, 422, 429, 503),
)

MOST_ACTIVE = 100
"""Units told per text: those that fire most."""


class TextActivation(BaseModel):
    """One unit on one text."""

    tokens: list[str]
    values: list[float]


class ActiveFeature(BaseModel):
    """One unit of a source that fires on a text."""

    featureIndex: int  # noqa: N815 - Neuronpedia's name
    values: list[float]
    maxValue: float  # noqa: N815
    maxValueIndex: int  # noqa: N815


class ActiveText(BaseModel):
    """One text, and the units that fire most on it."""

    tokens: list[str]
    activeFeatures: list[ActiveFeature]  # noqa: N815


class ActiveTexts(BaseModel):
    results: list[ActiveText]


@router.post("/new/", include_in_schema=False)
@router.post("/new", summary="Get a unit's live activations")
async def compute_activation(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    body: Annotated[NewActivation, Body(description="Which unit, and on what text.")],
) -> TextActivation | list[TextActivation]:
    """Of one unit at every token of a text, or of several."""
    subject = await lab.subject(body.feature.modelId)
    texts = [body.customText] if isinstance(body.customText, str) else body.customText
    site = model_site(subject, body.feature.place)
    request = ActivationsRequest(
        model=subject.spec,
        prompts=tuple(Prompt(text=text) for text in texts),
        units=(UnitRef(site=site, index=int(body.feature.index)),),
    )
    answer = await lab.inference.activations(request)
    found = [
        TextActivation(tokens=[token.text for token in one.tokens], values=list(one.values[0]))
        for one in answer.prompts
    ]
    return found[0] if isinstance(body.customText, str) else found


@router.post("/source/", include_in_schema=False)
@router.post("/source", summary="Get the units of a source that fire on a text")
async def compute_source(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    body: Annotated[SourceActivation, Body(description="Which source, and on what text.")],
) -> ActiveTexts:
    """Per text, the 100 units of the source with the highest activation, and their activations."""
    subject = await lab.subject(body.modelId)
    texts = [body.customText] if isinstance(body.customText, str) else body.customText
    wanted: dict[str, Any] = {
        "model": subject.spec,
        "sites": (model_site(subject, body.source),),
        "n": MOST_ACTIVE,
        "skip_first": False,
    }
    results = []
    for text in texts:
        request = StrongestRequest(prompt=Prompt(text=text), **wanted)
        found = await lab.inference.strongest(request)
        results.append(
            ActiveText(
                tokens=[token.text for token in found.tokens],
                activeFeatures=[
                    ActiveFeature(
                        featureIndex=unit.index,
                        values=list(unit.values or ()),
                        maxValue=unit.value,
                        maxValueIndex=unit.position,
                    )
                    for unit in found.units
                    if unit.value > 0
                ],
            )
        )
    return ActiveTexts(results=results)
