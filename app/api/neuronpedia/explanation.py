"""Search over explanations, in Neuronpedia's paths and names.

Explanations come in the order of how well they were tested. Only full text is searched, where
their server compares sentence embeddings: /api/v1/search does both.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from sqlalchemy.orm import Session

from app.api.describing import problems_of
from app.api.neuronpedia.parameters import (
    ExplanationSearch,
    ModelSearch,
    SourcesSearch,
)
from app.api.neuronpedia.views import ExplanationResults, FeatureExplanation, FeatureScore
from app.auth.actor import CurrentActor, get_actor
from app.dependencies import ReadSession
from app.exchange.sources import site_of, source_of
from app.store.queries.search import search_explanations
from app.store.views.explanation import ExplanationLine

router = APIRouter(
    prefix="/api/explanation",
    tags=["neuronpedia"],
    dependencies=[Depends(get_actor)],  # as of all that is sent: their searches are POSTs
    responses=problems_of(400, 403, 404, 413),
)

PAGE = 20


@router.post("/search-all/", include_in_schema=False)
@router.post("/search-all", summary="Search all explanations")
def search_all(
    session: ReadSession,
    actor: CurrentActor,
    body: Annotated[ExplanationSearch, Body(description="What to look for.")],
) -> ExplanationResults:
    """Of all models that you see, 20 a page; `nextOffset` leads to the rest."""
    return find(session, body, None, None, models=actor.sees)


@router.post("/search-model/", include_in_schema=False)
@router.post("/search-model", summary="Search a model's explanations")
def search_model(
    session: ReadSession,
    body: Annotated[ModelSearch, Body(description="What to look for, in which model.")],
) -> ExplanationResults:
    """Of one model, 20 a page."""
    return find(session, body, body.modelId, None)


@router.post("/search/", include_in_schema=False)
@router.post("/search", summary="Search the explanations of some sources")
def search_sources(
    session: ReadSession,
    body: Annotated[SourcesSearch, Body(description="What to look for, in which sources.")],
) -> ExplanationResults:
    """Of the named sources (`12-mlp`) of one model, 20 a page."""
    return find(session, body, body.modelId, [site_of(layer) for layer in body.layers])


def find(
    session: Session,
    body: ExplanationSearch,
    model: str | None,
    sites: list[str] | None,
    *,
    models: frozenset[str] | None = None,
) -> ExplanationResults:
    lines, more = search_explanations(
        session,
        query=body.query,
        model=model,
        sites=sites,
        models=models,
        offset=body.offset,
        limit=PAGE,
    )
    return ExplanationResults(
        request=body.model_dump(),
        results=[to_explanation(line) for line in lines],
        resultsCount=len(lines),
        hasMore=more,
        nextOffset=body.offset + len(lines),
    )


def to_explanation(line: ExplanationLine) -> FeatureExplanation:
    """Scores are simulation r, one for each split that it was tested on."""
    source = source_of(line.site)
    by_model = line.method == "language_model"
    return FeatureExplanation(
        id=str(line.id),
        description=line.text,
        modelId=line.model,
        source=source,
        layer=source,
        index=line.index,
        typeName=line.method,
        explanationModelName=line.author if by_model else None,
        scores=[
            FeatureScore(
                value=one.r,
                explanationScoreTypeName="simulation_r",
                explanationScoreModelName=one.judge,
                split=one.split,
            )
            for one in line.headlines
            if one.r is not None
        ],
    )
