"""Units that fire most on a text, in Neuronpedia's paths and names.

Ranked by the activation itself, as there; `/api/v1/models/{model}/search/text` ranks by how unusual
it is for the unit.
"""

# ruff: noqa: N815 - the names are Neuronpedia's

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from analysis.protocol.activations import StrongestRequest, StrongUnit
from analysis.protocol.prompts import Prompt
from app.api.describing import problems_of
from app.api.neuronpedia.checking import model_site, sites_of_set
from app.api.neuronpedia.parameters import TextSearch, TokenSearch
from app.auth.actor import CurrentActor
from app.exchange.sources import source_of
from app.live.asking import Lab
from app.live.density import densities
from app.live.experiment import Laboratory
from app.live.subject import Subject

router = APIRouter(
    prefix="/api",
    tags=["neuronpedia"],
    responses=problems_of(400, 403, 404, 409, 413, 422, 429, 503),
)

MOST_ASKED = 500


class FoundFeature(BaseModel):
    modelId: str
    layer: str
    index: str
    values: list[float]
    maxValue: float
    maxValueIndex: int


class TextResult(BaseModel):
    tokens: list[str]
    result: list[FoundFeature]
    sortIndexes: list[int]


class TextResults(BaseModel):
    results: list[TextResult]


class FeatureName(BaseModel):
    modelId: str
    layer: str
    index: str


class TopFeature(BaseModel):
    activationValue: float
    featureIndex: int
    feature: FeatureName


class TokenResult(BaseModel):
    position: int
    token: str
    isSpecial: bool
    topFeatures: list[TopFeature]


class TokenResults(BaseModel):
    source: str
    results: list[TokenResult]


class TokenResultsOfTexts(BaseModel):
    results: list[TokenResults]


@router.post("/search-all/", include_in_schema=False)
@router.post("/search-all", summary="Find the units that fire most on a text")
async def find_top_features(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    body: Annotated[TextSearch, Body(description="A text, and where to look.")],
) -> TextResult | TextResults:
    """Over a source set or some sources, by the highest activation anywhere in the text."""
    subject = await lab.subject(body.modelId)
    texts = [body.text] if isinstance(body.text, str) else body.text
    chosen = [model_site(subject, source) for source in body.selectedLayers]
    sites = tuple(dict.fromkeys(chosen)) or sites_of_set(subject, body.sourceSet)
    results = []
    for text in texts:
        tokens, units = await _search(lab, subject, text, sites, body)
        results.append(
            TextResult(
                tokens=tokens,
                sortIndexes=body.sortIndexes,
                result=[
                    FoundFeature(
                        modelId=body.modelId,
                        layer=source_of(unit.site),
                        index=str(unit.index),
                        values=list(unit.values or ()),
                        maxValue=unit.value,
                        maxValueIndex=unit.position,
                    )
                    for unit in units
                ],
            )
        )
    return results[0] if isinstance(body.text, str) else TextResults(results=results)


@router.post("/search-topk-by-token/", include_in_schema=False)
@router.post("/search-topk-by-token", summary="Find the units that fire most at each token")
async def find_top_features_by_token(
    lab: Lab,
    actor: CurrentActor,  # noqa: ARG001 - nothing is kept, but it costs
    body: Annotated[TokenSearch, Body(description="A text, and where to look.")],
) -> TokenResults | TokenResultsOfTexts:
    """The strongest units of one source at every token of a text."""
    subject = await lab.subject(body.modelId)
    site = model_site(subject, body.source)
    texts = [body.text] if isinstance(body.text, str) else body.text
    found = [await _by_token(lab, subject, text, site, body) for text in texts]
    return found[0] if isinstance(body.text, str) else TokenResultsOfTexts(results=found)


async def _search(
    lab: Laboratory, subject: Subject, text: str, sites: tuple[str, ...], body: TextSearch
) -> tuple[list[str], list[StrongUnit]]:
    limited = body.densityThreshold > 0
    request = StrongestRequest(
        model=subject.spec,
        prompt=Prompt(text=text),
        sites=sites,
        # those that fire too often are left out afterwards, so more are asked for
        n=MOST_ASKED if limited else body.numResults,
        skip_first=body.ignoreBos,
        positions=tuple(dict.fromkeys(body.sortIndexes)) or None,
    )
    answer = await lab.inference.strongest(request)
    units = list(answer.units)
    if limited:
        units = await _seldom(lab, subject, units, body.densityThreshold)
    return [token.text for token in answer.tokens], units[: body.numResults]


async def _by_token(
    lab: Laboratory, subject: Subject, text: str, site: str, body: TokenSearch
) -> TokenResults:
    request = StrongestRequest(
        model=subject.spec,
        prompt=Prompt(text=text),
        sites=(site,),
        by="token",
        n=body.numResults,
        skip_first=body.ignoreBos,
    )
    answer = await lab.inference.strongest(request)
    units = list(answer.units)
    if body.densityThreshold > 0:
        units = await _seldom(lab, subject, units, body.densityThreshold)
    by_position: dict[int, list[TopFeature]] = {}
    for unit in units:
        by_position.setdefault(unit.position, []).append(
            TopFeature(
                activationValue=unit.value,
                featureIndex=unit.index,
                feature=FeatureName(
                    modelId=body.modelId, layer=source_of(unit.site), index=str(unit.index)
                ),
            )
        )
    bos = subject.facts.get("bos_token_id")
    return TokenResults(
        source=source_of(site),
        results=[
            TokenResult(
                position=position,
                token=token.text,
                isSpecial=token.id == bos,
                topFeatures=by_position.get(position, []),
            )
            for position, token in enumerate(answer.tokens)
            if position > 0 or not body.ignoreBos
        ],
    )


async def _seldom(
    lab: Laboratory, subject: Subject, units: list[StrongUnit], threshold: float
) -> list[StrongUnit]:
    """Those that fire at no larger share of positions on the fit split."""
    places = [(unit.site, unit.index) for unit in units]
    known = await run_in_threadpool(densities, lab.engine, subject, places)
    return [unit for unit in units if known.get((unit.site, unit.index), 0.0) <= threshold]
