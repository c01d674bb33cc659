"""Each format as those who know it expect it."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from neuronpedia.np_activation import Activation
from neuronpedia.np_explanation import Explanation
from sqlalchemy import Engine, select

from app.exchange import comma_separated
from app.exchange.exporting import export
from app.exchange.importing import import_path
from app.exchange.input import InputFile
from app.exchange.recognising import PEEKED, recognise
from app.store.engine import open_session
from app.store.tables import ExplanationTable
from tests.conftest import Filled
from tests.exchange.stores import AWKWARD

NAN = 3
"""A synthetic neuron without a finite activation."""
RECORDS = {
    "NeuronRecord": {
        "neuron_id", "random_sample", "random_sample_by_quantile", "quantile_boundaries", "mean",
        "variance", "skewness", "kurtosis", "most_positive_activation_records",
    },
    "NeuronId": {"layer_index", "neuron_index"},
    "ActivationRecord": {"tokens", "activations"},
    "NeuronSimulationResults": {"neuron_id", "scored_explanations"},
    "ScoredExplanation": {"explanation", "scored_simulation"},
    "ScoredSimulation": {
        "scored_sequence_simulations", "ev_correlation_score", "rsquared_score",
        "absolute_dev_explained_score",
    },
}  # fmt: skip
"""The fields that OpenAI's loader knows: it rejects any other."""


def json_lines(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in content.splitlines()]


@pytest.fixture(scope="module")
def bulk(filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bulk")
    export(filled.engine, model="synthetic", form="neuronpedia", to=folder, site="mlp.1")
    return folder / "v1" / "synthetic" / "1-mlp"


def test_the_bulk_layout_has_its_files(bulk: Path) -> None:
    assert sorted(p.relative_to(bulk).as_posix() for p in bulk.rglob("*") if p.is_file()) == [
        "activations/batch-0.jsonl.gz", "explanations/batch-0.jsonl.gz",
        "features/batch-0.jsonl.gz", "model.jsonl", "release.jsonl", "source.jsonl",
        "sourceset.jsonl",
    ]  # fmt: skip
    (source,) = json_lines(bulk / "source.jsonl")
    assert (source["id"], source["modelId"], source["setName"]) == ("1-mlp", "synthetic", "mlp")


def test_the_client_of_neuronpedia_reads_explanations_and_activations(bulk: Path) -> None:
    """`neuronpedia` on PyPI, as it is."""
    rows = json_lines(bulk / "explanations" / "batch-0.jsonl.gz")
    explanations = [Explanation.from_np_db_json(row) for row in rows]
    assert {one.source for one in explanations} == {"1-mlp"}
    assert {one.method for one in explanations} >= {"rules", "lookup"}
    assert all(one.text and one.explainer_model for one in explanations)
    activations = [
        Activation.from_np_db_json(row)
        for row in json_lines(bulk / "activations" / "batch-0.jsonl.gz")
    ]
    assert {one.index for one in activations} == set(range(16)) - {NAN}
    assert all(len(one.tokens) == len(one.values) for one in activations)


def test_features_come_as_the_rest_interface_answers_them(bulk: Path) -> None:
    rows = json_lines(bulk / "features" / "batch-0.jsonl.gz")
    assert [row["index"] for row in rows] == list(range(16))
    assert all(len(row["pos_str"]) == len(row["pos_values"]) for row in rows)
    assert [row["index"] for row in rows if row["frac_nonzero"] is None] == [NAN]


def test_rows_that_hold_no_explanation_are_counted_and_passed_over(
    bulk: Path, one_store: Engine
) -> None:
    path = bulk / "features" / "batch-0.jsonl.gz"
    report = import_path(one_store, path, model="toy", form="neuronpedia")
    assert (report.total("n_imported"), report.total("n_without")) == (0, 16)
    assert recognise(InputFile(path, "a")) is None


def test_explanations_as_neuronpedia_exports_them_are_imported(
    receiving: Engine, tmp_path: Path
) -> None:
    theirs = {
        "id": "abc", "modelId": "toy", "layer": "1-mlp", "index": "3", "description": "cats",
        "authorId": "x", "typeName": "oai_token-act-pair", "explanationModelName": "gpt-x",
        "embedding": "[0.1]", "createdAt": "2024-01-01T00:00:00.000Z", "notes": None,
        "scores": [{"value": 0.5, "explanationScoreTypeName": "recall_alt"}],
    }  # fmt: skip
    path = tmp_path / "batch-0.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(theirs).encode()))
    assert import_path(receiving, path, model="toy").total("n_imported") == 1
    with open_session(receiving) as session:
        (found,) = session.scalars(select(ExplanationTable)).all()
    assert (found.unit_index, found.text, found.author) == (3, "cats", "gpt-x")
    assert found.details["typeName"] == "oai_token-act-pair"
    assert found.details["scores"] == [{"model": "unknown", "type": "recall_alt", "value": 0.5}]


def test_explanations_of_neuronpedia_are_known_by_a_first_line_of_any_length(
    one_store: Engine, tmp_path: Path
) -> None:
    theirs = {"modelId": "toy", "layer": "1-mlp", "index": "3", "authorId": "x"}
    late = {**theirs, "notes": "n" * 2 * PEEKED, "description": "cats"}
    (tmp_path / "batch-0.jsonl").write_text(json.dumps(late) + "\n")
    long = {**theirs, "tokens": ["n"] * PEEKED}
    (tmp_path / "batch-1.jsonl").write_text(json.dumps(long) + "\n")
    report = import_path(one_store, tmp_path, model="toy")
    assert [(file.name, file.format) for file in report.files] == [("batch-0.jsonl", "neuronpedia")]
    assert report.total("n_imported") == 1


def test_dashboard_batches_have_the_fields_of_the_format(filled: Filled, tmp_path: Path) -> None:
    export(filled.engine, model="synthetic", form="saedashboard", to=tmp_path, site="mlp.0")
    batch = json.loads((tmp_path / "0-mlp" / "batch-0.json").read_text())
    assert (batch["model_id"], batch["layer"], batch["sae_id_suffix"]) == ("synthetic", 0, "mlp")
    assert [feature["feature_index"] for feature in batch["features"]] == list(range(16))
    activation = batch["features"][0]["activations"][0]
    assert set(activation) == {
        "tokens", "values", "bin_min", "bin_max", "bin_contains", "qualifying_token_index",
    }  # fmt: skip
    assert any(feature["explanations"] for feature in batch["features"])


def test_neuron_records_have_no_field_that_their_loader_rejects(
    filled: Filled, tmp_path: Path
) -> None:
    export(filled.engine, model="synthetic", form="openai", to=tmp_path, site="mlp.0")
    (neuron,) = json_lines(tmp_path / "neurons" / "0" / "5.json")
    (results,) = json_lines(tmp_path / "explanations" / "0" / "5.jsonl")
    seen: set[str] = set()
    check_tags(neuron, seen)
    check_tags(results, seen)
    assert seen == set(RECORDS)
    assert neuron["neuron_id"]["neuron_index"] == 5
    assert neuron["most_positive_activation_records"]
    boundaries = neuron["quantile_boundaries"]
    assert boundaries == sorted(boundaries)
    assert len(neuron["random_sample_by_quantile"]) == len(boundaries) + 1
    scored = [
        one["scored_simulation"]["ev_correlation_score"] for one in results["scored_explanations"]
    ]
    assert any(value is not None for value in scored)


def test_explanations_as_openai_published_them_are_imported(
    receiving: Engine, tmp_path: Path
) -> None:
    tag = "dataclass_name"
    simulation = {
        tag: "ScoredSimulation", "ev_correlation_score": 0.25, "rsquared_score": -0.5,
        "absolute_dev_explained_score": 0.125,
        "scored_sequence_simulations": [{tag: "ScoredSequenceSimulation", "simulation": {}}],
    }  # fmt: skip
    results = {
        tag: "NeuronSimulationResults",
        "neuron_id": {tag: "NeuronId", "layer_index": 1, "neuron_index": 2},
        "scored_explanations": [
            {tag: "ScoredExplanation", "explanation": " dogs", "scored_simulation": simulation}
        ],
    }
    (tmp_path / "2.jsonl").write_text(json.dumps(results))
    (tmp_path / "2.json").write_text(json.dumps({tag: "NeuronRecord", "neuron_id": {}}))
    report = import_path(receiving, tmp_path, model="toy")
    assert (report.total("n_imported"), report.total("n_without")) == (1, 1)
    export(receiving, model="toy", form="csv", to=tmp_path / "csv")
    with open_session(receiving) as session:
        (found,) = session.scalars(select(ExplanationTable)).all()
    assert (found.text, found.author) == ("dogs", "OpenAI neuron records")


def test_no_cell_of_a_table_is_a_formula(explained: Engine, tmp_path: Path) -> None:
    export(explained, model="toy", form="csv", to=tmp_path)
    with (tmp_path / "explanations-0.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for name, cell in row.items():
            number = name in comma_separated.NUMBERS
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (name, cell)
    assert {row["text"] for row in rows} >= {"'=1+1", "'@you", "''=quoted", "'tis", "''tis"} - {
        "'tis"
    }
    assert [comma_separated.unescaped(comma_separated.escaped(text)) for text in AWKWARD] == [
        *AWKWARD
    ]


def test_a_table_that_somebody_typed_is_imported(receiving: Engine, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        '\ufeffmodel,site,index,author,text,notes\r\ntoy,mlp.1,4,me,"it\'s, well",x\r\n'
    )
    assert import_path(receiving, path, model="toy").total("n_imported") == 1
    with open_session(receiving) as session:
        assert session.scalars(select(ExplanationTable.text)).all() == ["it's, well"]


def test_parquet_has_typed_columns(explained: Engine, tmp_path: Path) -> None:
    export(explained, model="toy", form="parquet", to=tmp_path)
    table = pq.read_table(tmp_path / "explanations-0.parquet")
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"
    first = table.slice(0, 1).to_pylist()[0]
    assert first["scores"][-1]["metrics"][0] == {
        "metric": "corpus_r", "value": 0.5, "low": 0.375, "high": None, "mean": 0.0,
        "lookup": 0.25, "shuffled": -0.0625, "lookup_cut": None, "reason": None, "n_yes": None,
        "n_cases": None, "tail": None, "pool_prevalence": None, "precision_in_pool": None,
    }  # fmt: skip


def check_tags(value: object, seen: set[str]) -> None:
    if isinstance(value, list):
        for one in value:
            check_tags(one, seen)
    if isinstance(value, dict):
        tag = value["dataclass_name"]
        seen.add(tag)
        assert set(value) - {"dataclass_name"} == RECORDS[tag]
        for one in value.values():
            check_tags(one, seen)
