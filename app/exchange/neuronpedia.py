"""Neuronpedia's bulk layout: `v1/{model}/{source}/` with batches of rows, gzip-compressed.

    v1/smollm2/12-mlp/model.jsonl, release.jsonl, sourceset.jsonl, source.jsonl
    v1/smollm2/12-mlp/features/batch-0.jsonl.gz       one unit a row, without its activations
    v1/smollm2/12-mlp/activations/batch-0.jsonl.gz    one exemplar a row
    v1/smollm2/12-mlp/explanations/batch-0.jsonl.gz   one explanation a row

Batches of one number hold the same units. Programs and details have no place here. Of what comes
from elsewhere, explanations are imported: features and activations belong to the sweep that
measured them.
"""

from collections.abc import Iterator
from typing import Any, Final

from app.exchange.details import check_details
from app.exchange.exported import Exported
from app.exchange.features import KINDS, SCORE_TYPES, activation_row, explanation_row, feature_row
from app.exchange.fields import Fields
from app.exchange.input import InputFile
from app.exchange.jsonl import dumped
from app.exchange.output import OutputFolder, WrittenFile
from app.exchange.plan import Piece
from app.exchange.reading import Records, Row, read_json_lines
from app.exchange.record_json import LARGEST_R, LARGEST_VALUE
from app.exchange.sources import site_of, source_of
from app.store.claiming import LONGEST_TEXT
from app.store.packing import METRICS, pack_scores
from app.store.portable import ExplanationRecord
from app.store.writing_explanations import ScoreRow

UNITS: Final = 1024
KEPT: Final = ("id", "typeName", "explanationModelName", "authorId", "notes")
"""Fields of theirs that stay with an imported explanation."""
METRIC_OF: Final = {kind: metric for metric, kind in SCORE_TYPES.items()}


def write(store: Exported, piece: Piece, folder: OutputFolder) -> tuple[list[WrittenFile], int]:
    site = piece.span.site
    base = f"v1/{store.chosen.model}/{source_of(site)}"
    batch = f"batch-{piece.number}.jsonl.gz"
    counted = [0]
    files = []
    if piece.number == 0:
        about = _about(store.chosen.model, site)
        files += [folder.write(f"{base}/{n}.jsonl", [_line(row)]) for n, row in about.items()]
    if store.is_swept:
        parts = {"features": _features(store, piece), "activations": _activations(store, piece)}
        files += [
            folder.write(f"{base}/{name}/{batch}", part, compressed=True)
            for name, part in parts.items()
        ]
    rows = _explanations(store, piece, counted)
    files.append(folder.write(f"{base}/explanations/{batch}", rows, compressed=True))
    return files, counted[0]


def read(file: InputFile) -> Iterator[Row]:
    return read_json_lines(file, take_explanation)


def take_explanation(fields: Fields) -> Records:
    """Rows of features and activations, and explanations without words, hold nothing for us."""
    if not fields.raw("description"):
        return ()
    source = "source" if "source" in fields else "layer"
    site = site_of(fields.text(source))
    scores, others = _scores(fields)
    details: dict[str, Any] = {
        name: fields.raw(name) for name in KEPT if isinstance(fields.raw(name), str | int)
    }
    if others:
        details["scores"] = others
    check_details(fields.where, details)
    author = fields.maybe_text("explanationModelName") or fields.maybe_text("typeName")
    record = ExplanationRecord(
        model=fields.text("modelId"),
        site=site,
        index=fields.whole("index"),
        text=fields.text("description", longest=LONGEST_TEXT),
        program=None,
        method="import",
        author=author or "neuronpedia",
        bits=None,
        n_rules=None,
        n_listed=None,
        created_at=fields.moment("createdAt"),
        details=details,
        scores=scores,
    )
    return (record,)


def _scores(fields: Fields) -> tuple[tuple[ScoreRow, ...], list[dict[str, Any]]]:
    """Those in metrics of ours, and the others as they are."""
    ours: dict[tuple[str, str], dict[str, list[float | None]]] = {}
    others = []
    for one in fields.objects("scores"):
        kind = one.maybe_text("explanationScoreTypeName") or "unknown"
        judge = one.maybe_text("explanationScoreModelName") or "unknown"
        metric = METRIC_OF.get(kind)
        most = LARGEST_R if metric == METRICS[0] else LARGEST_VALUE
        value = one.maybe_number("value", least=-most, most=most)
        if metric is None:
            others.append({"type": kind, "model": judge, "value": value})
            continue
        split = one.text("split") if "split" in one else "test"
        ours.setdefault((split, judge), {})[metric] = [value]
    rows = tuple(
        ScoreRow(
            split, judge, "scored", None, 0, 0, 0, 0, metrics.get(METRICS[0], [None])[0], None,
            pack_scores(metrics),
        )
        for (split, judge), metrics in ours.items()
    )  # fmt: skip
    return rows, others


def _features(store: Exported, piece: Piece) -> Iterator[bytes]:
    span = piece.span
    for index in range(span.first, span.end):
        unit, _ = store.unit(span.site, index, kinds=())
        yield _line(feature_row(unit))


def _activations(store: Exported, piece: Piece) -> Iterator[bytes]:
    span = piece.span
    for index in range(span.first, span.end):
        unit, exemplars = store.unit(span.site, index, kinds=KINDS)
        for kind in KINDS:
            for exemplar in exemplars.get(kind, ()):
                yield _line(activation_row(unit, exemplar))


def _explanations(store: Exported, piece: Piece, counted: list[int]) -> Iterator[bytes]:
    for record in store.explanations(piece.spans):
        counted[0] += 1
        yield _line(explanation_row(record))


def _about(model: str, site: str) -> dict[str, dict[str, Any]]:
    kind, _, layer = site.partition(".")
    names = {"mlp": "MLP neurons", "attn": "Attention heads"}
    described = names.get(kind, kind)
    release = {"name": f"{model}-patchclamp", "description": f"{model}, by Patchclamp"}
    return {
        "release": release,
        "model": {"id": model, "displayName": model},
        "sourceset": {
            "modelId": model, "name": kind, "description": described, "type": "neurons",
            "releaseName": release["name"],
        },
        "source": {
            "id": source_of(site), "modelId": model, "setName": kind, "layer": int(layer or 0),
            "description": f"{described} of layer {layer}",
        },
    }  # fmt: skip


def _line(row: dict[str, Any]) -> bytes:
    return dumped(row) + b"\n"
