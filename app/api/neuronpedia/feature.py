"""One unit in the shape that Neuronpedia's clients know.

What we do not compute (the histogram of logits) is an empty list. Activations are the top
exemplars of the fit split, then those drawn from the intervals of the window maximum, each with
its interval's share of all windows. `maxValue` is the largest at a position that statistics count:
`values` also hold the first position, where many neurons are large whatever the text is, and
`minValue` is the smallest of them all. The bottom tail is not sent: their lists know no sign.
"""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.neuronpedia.explanation import to_explanation
from app.api.neuronpedia.parameters import SourceName, site_of, source_of
from app.api.neuronpedia.views import FeatureActivation, FeatureView
from app.api.parameters import ModelName, UnitIndex
from app.dependencies import ReadSession
from app.store.locating import locate_site
from app.store.queries.exemplar import get_exemplars
from app.store.queries.explanation import explanations_of_unit
from app.store.queries.unit import get_unit
from app.store.views.explanation import ExplanationLine
from app.store.views.unit import ExemplarView, HistogramView, UnitView

router = APIRouter(prefix="/api/feature", tags=["neuronpedia"], responses=problems_of(404))

SPLIT = "fit"
KINDS = ("top", "interval")


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
    statistics = next((item for item in unit.statistics if item.split == SPLIT), None)
    heights, values = _bars(statistics.histogram) if statistics else ([], [])
    promoted = unit.output.promoted if unit.output else []
    suppressed = unit.output.suppressed if unit.output else []
    source = source_of(unit.site)
    return FeatureView(
        modelId=unit.model,
        layer=source,
        source=source,
        sourceSetName=unit.kind,
        index=unit.index,
        maxActApprox=statistics.maximum if statistics else None,
        frac_nonzero=statistics.density if statistics else None,
        pos_str=[effect.token for effect in promoted],
        pos_values=[effect.logit for effect in promoted],
        neg_str=[effect.token for effect in suppressed],
        neg_values=[effect.logit for effect in suppressed],
        freq_hist_data_bar_heights=heights,
        freq_hist_data_bar_values=values,
        logits_hist_data_bar_heights=[],
        logits_hist_data_bar_values=[],
        activations=[_to_activation(unit, source, exemplar) for exemplar in exemplars],
        explanations=[to_explanation(line) for line in explanations],
    )


def _to_activation(unit: UnitView, source: str, exemplar: ExemplarView) -> FeatureActivation:
    values = exemplar.activations[: len(exemplar.tokens)]
    finite = [value for value in values if value is not None]
    interval = exemplar.interval
    return FeatureActivation(
        modelId=unit.model,
        source=source,
        layer=source,
        index=unit.index,
        tokens=exemplar.tokens,
        values=values,
        maxValue=exemplar.peak,
        maxValueTokenIndex=exemplar.peak_position,
        minValue=min(finite, default=0.0),
        binMin=interval.low if interval else None,
        binMax=interval.high if interval else None,
        binContains=interval.share if interval else None,
        qualifyingTokenIndex=exemplar.peak_position,
        dataIndex=str(exemplar.window),
        dataSource=exemplar.document_title,
    )


def _bars(histogram: HistogramView) -> tuple[list[float], list[float]]:
    """Counts and bin centres of the bins from the first to the last that is not empty."""
    filled = [number for number, count in enumerate(histogram.counts) if count]
    if not filled:
        return [], []
    bins = range(filled[0], filled[-1] + 1)
    centres = [(histogram.edges[i] + histogram.edges[i + 1]) / 2 for i in bins]
    return [float(histogram.counts[i]) for i in bins], centres
