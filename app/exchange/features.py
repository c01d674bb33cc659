"""Units, exemplars and explanations as rows in Neuronpedia's names.

What we do not compute (the histogram of logits) is an empty list. `maxValue` is the largest at a
position that statistics count: `values` also hold the first position, where many neurons are large
whatever the text is, and `minValue` is the smallest of them all. The bottom tail is not sent: their
lists know no sign.
"""

from typing import Any, Final

from app.exchange.record_json import metrics_of
from app.exchange.sources import source_of
from app.store.packing import METRICS
from app.store.portable import ExplanationRecord
from app.store.views.unit import ExemplarView, HistogramView, UnitView

SPLIT: Final = "fit"
KINDS: Final = ("top", "interval")
"""Of exemplars, in the order of the list."""
SCORE_TYPES: Final = {
    metric: "simulation_r" if metric == METRICS[0] else f"patchclamp_{metric}" for metric in METRICS
}
"""What each metric is called among their types of scores; the first as the REST interface does."""


def feature_row(unit: UnitView) -> dict[str, Any]:
    statistics = next((item for item in unit.statistics if item.split == SPLIT), None)
    heights, values = _bars(statistics.histogram) if statistics else ([], [])
    promoted = unit.output.promoted if unit.output else []
    suppressed = unit.output.suppressed if unit.output else []
    source = source_of(unit.site)
    return {
        "modelId": unit.model,
        "layer": source,
        "source": source,
        "sourceSetName": unit.kind,
        "index": unit.index,
        "maxActApprox": statistics.maximum if statistics else None,
        "frac_nonzero": statistics.density if statistics else None,
        "pos_str": [effect.token for effect in promoted],
        "pos_values": [effect.logit for effect in promoted],
        "neg_str": [effect.token for effect in suppressed],
        "neg_values": [effect.logit for effect in suppressed],
        "freq_hist_data_bar_heights": heights,
        "freq_hist_data_bar_values": values,
        "logits_hist_data_bar_heights": [],
        "logits_hist_data_bar_values": [],
    }


def activation_row(unit: UnitView, exemplar: ExemplarView) -> dict[str, Any]:
    source = source_of(unit.site)
    values = exemplar.activations[: len(exemplar.tokens)]
    finite = [value for value in values if value is not None]
    interval = exemplar.interval
    return {
        "modelId": unit.model,
        "source": source,
        "layer": source,
        "index": unit.index,
        "tokens": exemplar.tokens,
        "values": values,
        "maxValue": exemplar.peak,
        "maxValueTokenIndex": exemplar.peak_position,
        "minValue": min(finite, default=0.0),
        "binMin": interval.low if interval else None,
        "binMax": interval.high if interval else None,
        "binContains": interval.share if interval else None,
        "qualifyingTokenIndex": exemplar.peak_position,
        "dataIndex": str(exemplar.window),
        "dataSource": exemplar.document_title,
    }


def explanation_row(record: ExplanationRecord) -> dict[str, Any]:
    source = source_of(record.site)
    return {
        "id": str(record.id),
        "modelId": record.model,
        "source": source,
        "layer": source,
        "index": record.index,
        "description": record.text,
        "typeName": record.method,
        "explanationModelName": record.author,
        "scores": [
            {
                "explanationScoreTypeName": SCORE_TYPES[metric],
                "explanationScoreModelName": score.judge,
                "split": score.split,
                "value": numbers["value"],
            }
            for score in record.scores
            for metric, numbers in metrics_of(score).items()
            if numbers["value"] is not None
        ],
    }


def _bars(histogram: HistogramView) -> tuple[list[float], list[float]]:
    """Counts and bin centres of the bins from the first to the last that is not empty."""
    filled = [number for number, count in enumerate(histogram.counts) if count]
    if not filled:
        return [], []
    bins = range(filled[0], filled[-1] + 1)
    centres = [(histogram.edges[i] + histogram.edges[i + 1]) / 2 for i in bins]
    return [float(histogram.counts[i]) for i in bins], centres
