"""OpenAI's neuron records: a JSON file for each neuron, every object tagged by `dataclass_name`.

    neurons/12/345.json         NeuronRecord: the fit split's statistics, top and random exemplars
    explanations/12/345.jsonl   NeuronSimulationResults: explanations with their scores

Their loader rejects fields that it does not know, so programs and authors stay behind; other
formats carry them. `ev_correlation_score` is our r by protocol top+random on the test split,
`rsquared_score` R² uncentred, as OpenAI computes it. Simulated sequences are not written. Heads
have no neuron records.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from app.exchange.comma_separated import headline_of
from app.exchange.exported import Exported
from app.exchange.faults import FileFaultError, Where, expected
from app.exchange.fields import MOST_OF_DOCUMENT, MOST_VALUES, Fields, parse_json
from app.exchange.input import InputFile
from app.exchange.jsonl import dumped
from app.exchange.output import OutputFolder, WrittenFile
from app.exchange.plan import Piece
from app.exchange.reading import Records, Row
from app.exchange.record_json import LARGEST_VALUE, metrics_of
from app.store.claiming import LONGEST_TEXT
from app.store.packing import pack_scores
from app.store.portable import ExplanationRecord
from app.store.views.unit import ExemplarView, UnitView
from app.store.writing_explanations import ScoreRow

UNITS: Final = 1024
TAG: Final = "dataclass_name"
MOST_EXPLANATIONS: Final = 1000
SCORES: Final = {
    "ev_correlation_score": "top_random_r",
    "rsquared_score": "r2_uncentred",
    "absolute_dev_explained_score": "deviation",
}
AUTHOR: Final = "OpenAI neuron records"
SIMULATOR: Final = "simulator"
FIT: Final = "fit"


def write(store: Exported, piece: Piece, folder: OutputFolder) -> tuple[list[WrittenFile], int]:
    kind, _, layer = piece.span.site.partition(".")
    if kind != "mlp":
        return [], 0
    files, n = [], 0
    for index, records in store.by_unit(piece.span):
        neuron = _tagged("NeuronId", layer_index=int(layer), neuron_index=index)
        if store.is_swept:
            unit, exemplars = store.unit(
                piece.span.site, index, kinds=("top", "random", "interval")
            )
            line = dumped(_record(neuron, unit, exemplars)) + b"\n"
            files.append(folder.write(f"neurons/{layer}/{index}.json", [line]))
        if records:
            line = dumped(_results(neuron, records)) + b"\n"
            files.append(folder.write(f"explanations/{layer}/{index}.jsonl", [line]))
            n += len(records)
    return files, n


def read(file: InputFile) -> Iterator[Row]:
    """One object a line, or one object in all."""
    if file.path.suffix == ".json":
        content = file.whole()
        yield Row(file.where(1), partial(_parse, file.where(1), content, MOST_OF_DOCUMENT))
        return
    for number, line in enumerate(file.lines(), start=1):
        yield Row(file.where(number), partial(_parse, file.where(number), line))


def _parse(where: Where, line: bytes, most: int = MOST_VALUES) -> Records:
    if not line.strip():
        return ()
    fields = Fields(where, parse_json(where, line, most=most))
    tag = fields.text(TAG)
    if tag == "NeuronRecord":
        return ()
    if tag != "NeuronSimulationResults":
        raise expected(where.at(TAG), "NeuronRecord or NeuronSimulationResults", tag)
    neuron = fields.inner("neuron_id")
    layer, index = neuron.whole("layer_index"), neuron.whole("neuron_index")
    return [
        _explanation(one, f"mlp.{layer}", index)
        for one in fields.objects("scored_explanations", most=MOST_EXPLANATIONS)
    ]


def _explanation(fields: Fields, site: str, index: int) -> ExplanationRecord:
    scores: tuple[ScoreRow, ...] = ()
    if "scored_simulation" in fields:
        given = fields.inner("scored_simulation")
        metrics: dict[str, list[float | None]] = {
            metric: [given.number(name, least=-LARGEST_VALUE, most=LARGEST_VALUE)]
            for name, metric in SCORES.items()
            if name in given
        }
        if metrics:
            scores = (_score(metrics),)
    text = fields.text("explanation", longest=LONGEST_TEXT, empty=True).strip()
    if not text:
        raise FileFaultError(fields.where.at("explanation"), "an explanation without words")
    return ExplanationRecord(
        model="", site=site, index=index, text=text, program=None, method="import", author=AUTHOR,
        bits=None, n_rules=None, n_listed=None, created_at=None, details={}, scores=scores,
    )  # fmt: skip


def _score(metrics: dict[str, list[float | None]]) -> ScoreRow:
    return ScoreRow(
        "theirs", SIMULATOR, "scored", None, 0, 0, 0, 0, None, None, pack_scores(metrics)
    )


def _record(
    neuron: dict[str, Any], unit: UnitView, exemplars: dict[str, list[ExemplarView]]
) -> dict[str, Any]:
    found = next((item for item in unit.statistics if item.split == FIT), None)
    moments = ("mean", "variance", "skewness", "kurtosis")
    return _tagged(
        "NeuronRecord",
        neuron_id=neuron,
        random_sample=_activations(exemplars.get("random", [])),
        random_sample_by_quantile=_by_interval(exemplars.get("interval", [])) or None,
        quantile_boundaries=_boundaries(exemplars.get("interval", [])) or None,
        most_positive_activation_records=_activations(exemplars.get("top", [])),
        **{name: getattr(found, name) if found else None for name in moments},
    )


def _by_interval(exemplars: list[ExemplarView]) -> list[list[dict[str, Any]]]:
    lows = dict.fromkeys(one.interval.low for one in exemplars if one.interval)
    return [
        _activations([one for one in exemplars if one.interval and one.interval.low == low])
        for low in lows
    ]


def _boundaries(exemplars: list[ExemplarView]) -> list[float]:
    """Between the intervals that have exemplars: where the second and the following begin."""
    lows = list(dict.fromkeys(one.interval.low for one in exemplars if one.interval))
    return [low for low in lows[1:] if low is not None]


def _activations(exemplars: list[ExemplarView]) -> list[dict[str, Any]]:
    """Windows with an activation that is no number are left out: the format has no word for it."""
    found = [(one.tokens, one.activations[: len(one.tokens)]) for one in exemplars]
    return [
        _tagged("ActivationRecord", tokens=tokens, activations=values)
        for tokens, values in found
        if None not in values
    ]


def _results(neuron: dict[str, Any], records: list[ExplanationRecord]) -> dict[str, Any]:
    return _tagged(
        "NeuronSimulationResults",
        neuron_id=neuron,
        scored_explanations=[
            _tagged(
                "ScoredExplanation",
                explanation=record.text,
                scored_simulation=_tagged(
                    "ScoredSimulation", scored_sequence_simulations=[], **_values(record)
                ),
            )
            for record in records
        ],
    )


def _values(record: ExplanationRecord) -> dict[str, float | None]:
    score = headline_of(record)
    metrics = {} if score is None else metrics_of(score)
    return {name: metrics.get(metric, {}).get("value") for name, metric in SCORES.items()}


def _tagged(tag: str, **values: object) -> dict[str, Any]:
    return {TAG: tag, **values}
