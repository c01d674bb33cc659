"""One unit in the shape that Neuronpedia's clients know (`app.exchange.features`).

Activations are the top exemplars of the fit split, then those drawn from the intervals of the
window maximum, each with its interval's share of all windows.
"""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.neuronpedia.explanation import to_explanation
from app.api.neuronpedia.parameters import SourceName
from app.api.neuronpedia.views import FeatureActivation, FeatureView
from app.api.parameters import ModelName, UnitIndex
from app.dependencies import ReadSession
from app.exchange.features import KINDS, SPLIT, activation_row, feature_row
from app.exchange.sources import site_of
from app.store.locating import locate_site
from app.store.queries.exemplar import get_exemplars
from app.store.queries.explanation import explanations_of_unit
from app.store.queries.unit import get_unit
from app.store.views.explanation import ExplanationLine
from app.store.views.unit import ExemplarView, UnitView

router = APIRouter(prefix="/api/feature", tags=["neuronpedia"], responses=problems_of(404))


@router.get("/{model}/{source}/{index}/", response_model=FeatureView, include_in_schema=False)
@router.get(
    "/{model}/{source}/{index}", response_model=FeatureView, summary="Get a unit as a feature"
)
def get_feature(
    request: Request, session: ReadSession, model: ModelName, source: SourceName, index: UnitIndex
) -> Response:
    """Statistics, promoted and suppressed tokens, and exemplars, in Neuronpedia's names."""
    unit = get_unit(session, model=model, site=site_of(source), index=index)
    return answer(
        request, to_feature(unit, find_exemplars(session, unit), find_explanations(session, unit))
    )


def find_explanations(session: Session, unit: UnitView) -> list[ExplanationLine]:
    """Those that count now; failed ones say nothing."""
    place = locate_site(session, model=unit.model, site=unit.site, run_id=unit.run_id)
    found = explanations_of_unit(session, place, unit.index)
    return [line for line in found if line.status == "current"]


def find_exemplars(session: Session, unit: UnitView) -> list[ExemplarView]:
    return [
        exemplar
        for kind in KINDS
        if (SPLIT, kind) in unit.exemplar_sets
        for exemplar in get_exemplars(
            session,
            model=unit.model,
            site=unit.site,
            index=unit.index,
            kind=kind,
            split=SPLIT,
            run_id=unit.run_id,
        ).items
    ]


def to_feature(
    unit: UnitView, exemplars: list[ExemplarView], explanations: list[ExplanationLine]
) -> FeatureView:
    return FeatureView(
        **feature_row(unit),
        activations=[FeatureActivation(**activation_row(unit, exemplar)) for exemplar in exemplars],
        explanations=[to_explanation(line) for line in explanations],
    )
