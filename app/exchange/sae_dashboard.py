"""SAEDashboard's batches: `{source}/batch-N.json`, features with statistics and activations.

The format knows no explanations; ours stand beside the activations as `explanations`, in
Neuronpedia's names, which readers of the format pass over, and are read back from there.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from app.exchange.exported import Exported
from app.exchange.faults import FileFaultError, expected
from app.exchange.features import KINDS, activation_row, explanation_row, feature_row
from app.exchange.fields import MOST_OF_DOCUMENT, Fields, parse_object
from app.exchange.input import InputFile
from app.exchange.jsonl import dumped
from app.exchange.neuronpedia import take_explanation
from app.exchange.output import OutputFolder, WrittenFile
from app.exchange.plan import Piece
from app.exchange.reading import Records, Row
from app.exchange.sources import source_of
from app.store.portable import ExplanationRecord

UNITS: Final = 256
MOST_FEATURES: Final = 1_000_000
STATISTICS: Final = (
    "frac_nonzero", "pos_str", "pos_values", "neg_str", "neg_values",
    "freq_hist_data_bar_heights", "freq_hist_data_bar_values",
    "logits_hist_data_bar_heights", "logits_hist_data_bar_values",
)  # fmt: skip
ACTIVATION: Final = {
    "tokens": "tokens", "values": "values", "bin_min": "binMin", "bin_max": "binMax",
    "bin_contains": "binContains", "qualifying_token_index": "qualifyingTokenIndex",
}  # fmt: skip
"""Their name of what Neuronpedia calls otherwise."""


def write(store: Exported, piece: Piece, folder: OutputFolder) -> tuple[list[WrittenFile], int]:
    counted = [0]
    name = f"{source_of(piece.span.site)}/batch-{piece.number}.json"
    return [folder.write(name, _document(store, piece, counted))], counted[0]


def read(file: InputFile) -> Iterator[Row]:
    """One row for each feature."""
    top = parse_object(file.where(1), file.whole(), most=MOST_OF_DOCUMENT)
    model = top.text("model_id")
    source = _source(top)
    features = top.raw("features")
    if not isinstance(features, list):
        raise expected(top.where.at("features"), "a list", features)
    if len(features) > MOST_FEATURES:
        raise FileFaultError(top.where.at("features"), f"{len(features):,} of them are too many")
    for number, feature in enumerate(features, start=1):
        where = file.where(number, "feature")
        yield Row(where, partial(_parse, Fields(where, feature), model, source))


def _parse(feature: Fields, model: str, source: str) -> Records:
    index = feature.whole("feature_index")
    records: list[ExplanationRecord] = []
    for one in feature.objects("explanations"):
        own = {name: one.raw(name) for name in one}
        given = {"modelId": model, "source": source, "index": index}
        records += take_explanation(Fields(one.where, own | given))
    return records


def _source(top: Fields) -> str:
    """`layer` is a number, or a source as Neuronpedia names it."""
    layer = top.raw("layer")
    if isinstance(layer, str) and not layer.isdigit():
        return top.text("layer")
    suffix = top.maybe_text("sae_id_suffix") or top.maybe_text("sae_set") or "mlp"
    return f"{top.whole('layer')}-{suffix}"


def _document(store: Exported, piece: Piece, counted: list[int]) -> Iterator[bytes]:
    """Feature by feature: a batch is never in memory as a whole."""
    kind, _, layer = piece.span.site.partition(".")
    head = {"model_id": store.chosen.model, "layer": int(layer), "sae_id_suffix": kind}
    yield dumped(head)[:-1] + b', "features": ['
    for index, records in store.by_unit(piece.span):
        counted[0] += len(records)
        joint = b"\n" if index == piece.span.first else b",\n"
        yield joint + dumped(_feature(store, piece.span.site, index, records))
    yield b"\n]}\n"


def _feature(
    store: Exported, site: str, index: int, records: list[ExplanationRecord]
) -> dict[str, Any]:
    found: dict[str, Any] = {"feature_index": index, "activations": []}
    if store.is_swept:
        unit, exemplars = store.unit(site, index, kinds=KINDS)
        row = feature_row(unit)
        found |= {name: row[name] for name in STATISTICS}
        found["activations"] = [
            {theirs: activation[name] for theirs, name in ACTIVATION.items()}
            for kind in KINDS
            for activation in (activation_row(unit, one) for one in exemplars.get(kind, ()))
        ]
    found["explanations"] = [explanation_row(record) for record in records]
    return found
