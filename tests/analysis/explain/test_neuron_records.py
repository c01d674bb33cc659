import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from analysis.errors import RecordsError
from analysis.explain.neuron_records import (
    ActivationRecord,
    NeuronId,
    NeuronRecord,
    NeuronSimulationResults,
    SequenceSimulation,
    read_records,
    write_records,
)
from analysis.explain.tagged import dumps, loads


def _activations(tokens, activations):
    return {"dataclass_name": "ActivationRecord", "tokens": tokens, "activations": activations}


def _neuron(**changes):
    return {
        "dataclass_name": "NeuronRecord",
        "neuron_id": {"dataclass_name": "NeuronId", "layer_index": 3, "neuron_index": 17},
        "random_sample": [_activations([" a", "b"], [0, -0.5])],
        "random_sample_by_quantile": [[_activations(["x"], [1.5])], []],
        "quantile_boundaries": [0.5, 1.0],
        "mean": 0.25,
        "variance": None,
        "skewness": 0.0,
        "kurtosis": 3,
        "most_positive_activation_records": [_activations(["😀", "é"], [9.25, 1e-3])],
    } | changes


def _read(value):
    return loads(json.dumps(value), NeuronRecord)


def test_a_neuron_is_read():
    record = _read(_neuron())
    assert record.neuron_id == NeuronId(3, 17)
    assert record.random_sample == (ActivationRecord((" a", "b"), (0.0, -0.5)),)
    assert record.random_sample_by_quantile == ((ActivationRecord(("x",), (1.5,)),), ())
    assert (record.mean, record.variance, record.kurtosis) == (0.25, None, 3.0)
    assert record.most_positive_activation_records[0].tokens == ("😀", "é")


def test_the_documentation_marks_every_field_that_may_be_missing():
    page = (Path(__file__).parents[3] / "docs" / "interop.md").read_text(encoding="utf-8")
    listed = page.partition("`NeuronRecord{")[2].partition("`, `ActivationRecord{")[0]
    marked = set(re.findall(r"(\w+)\?", listed))
    optional = {field.name for field in fields(NeuronRecord) if field.default is not MISSING}
    assert marked == optional
    assert "neuron_id{" in listed


def test_what_is_written_is_read_again_and_tagged_throughout():
    record = _read(_neuron())
    assert loads(dumps(record), NeuronRecord) == record
    written = json.loads(dumps(record))
    assert written == _neuron()


def test_old_files_without_tags_or_optional_fields_are_read():
    record = _read({"neuron_id": {"layer_index": 0, "neuron_index": 1}})
    assert record == NeuronRecord(NeuronId(0, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neuron_id": {"layer_index": 0}}, r"NeuronRecord\.neuron_id lacks neuron_index\."),
        ({"neuron_id": 5}, "neuron_id must be an object NeuronId, not 5"),
        ({"neuron_id": {"layer_index": -1, "neuron_index": 0}}, "a whole number from 0 up, not -1"),
        ({"neuron_id": {"layer_index": True, "neuron_index": 0}}, "a number, not True"),
        ({"extra": 1, "another": 2}, "unknown fields: another, extra"),
        ({"dataclass_name": "NeuronId"}, r"dataclass_name must be NeuronRecord, not 'NeuronId'"),
        ({"random_sample": None}, "random_sample must be a list, not None"),
        ({"random_sample": {}}, r"random_sample must be a list, not \{\}"),
        ({"mean": "0.5"}, "mean must be a number, not '0.5'"),
        ({"mean": float("nan")}, "NaN is not a number; write null"),
        ({"mean": float("inf")}, "Infinity is not a number"),
        (
            {"random_sample": [_activations(["a", "b"], [1.0])]},
            r"random_sample\[0\]: tokens and activations are of unequal lengths, 2 and 1",
        ),
        (
            {"random_sample": [_activations(["a"], [1.0]), _activations(["a"], ["x" * 99])]},
            r"random_sample\[1\]\.activations\[0\] must be a number, not 'xxx.*…",
        ),
        ({"random_sample": [_activations([7], [1.0])]}, r"tokens\[0\] must be text, not 7"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(changes, message):
    with pytest.raises(RecordsError, match=message):
        _read(_neuron(**changes))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "This is no JSON"),
        ('{"neuron_id"', "This is no JSON"),
        ("<html>", "This is no JSON"),
        ("[]", r"NeuronRecord must be an object NeuronRecord, not \[\]"),
        ("[" * 200_000, "nested too deeply"),
        ('{"neuron_id": {"layer_index": 0, "neuron_index": 0}, "mean": 1e999}', "a finite number"),
        ('{"neuron_id": {"layer_index": 0, "neuron_index": ' + "9" * 5000 + "}}", "no JSON"),
        (
            '{"neuron_id": {"layer_index": 0, "neuron_index": 0}, "mean": ' + "9" * 400 + "}",
            "a finite number",
        ),
    ],
)
def test_no_text_is_too_strange(text, message):
    with pytest.raises(RecordsError, match=message):
        loads(text, NeuronRecord)


def test_simulations_nested_without_end_are_refused():
    simulation = {
        "tokens": [], "expected_activations": [], "activation_scale": "neuron_activations",
        "distribution_values": [], "distribution_probabilities": [],
    }  # fmt: skip
    once = json.dumps(simulation)[:-1] + ', "uncalibrated_simulation": '
    assert loads(once + "null}", SequenceSimulation).uncalibrated_simulation is None
    with pytest.raises(RecordsError, match="nested too deeply"):
        loads(once * 900 + "null" + "}" * 900, SequenceSimulation)


def test_an_unknown_scale_is_refused():
    simulation = {
        "tokens": [], "expected_activations": [], "activation_scale": "volts",
        "distribution_values": [], "distribution_probabilities": [],
    }  # fmt: skip
    with pytest.raises(RecordsError, match="one of neuron_activations, simulated_normalized"):
        loads(json.dumps(simulation), SequenceSimulation)


def test_distributions_must_fit_together():
    simulation = {
        "tokens": ["a"], "expected_activations": [1.0], "activation_scale": "neuron_activations",
        "distribution_values": [[0, 1]], "distribution_probabilities": [[1.0]],
    }  # fmt: skip
    with pytest.raises(RecordsError, match="unequal lengths, 2 and 1"):
        loads(json.dumps(simulation), SequenceSimulation)


def test_one_file_holds_one_neuron_and_jsonl_many(tmp_path):
    record = _read(_neuron())
    other = NeuronRecord(NeuronId(0, 0))
    write_records(tmp_path / "17.json", (record,))
    assert read_records(tmp_path / "17.json", NeuronRecord) == (record,)
    write_records(tmp_path / "all.jsonl", (record, other))
    assert read_records(tmp_path / "all.jsonl", NeuronRecord) == (record, other)
    with pytest.raises(ValueError, match=r"name it \.jsonl"):
        write_records(tmp_path / "two.json", (record, other))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["17.json", "all.jsonl"]


def test_a_wrong_line_is_named(tmp_path):
    path = tmp_path / "all.jsonl"
    write_records(path, (NeuronRecord(NeuronId(0, 0)),))
    path.write_text(path.read_text() + "\n" + '{"neuron_id": 1}\n')
    with pytest.raises(RecordsError, match=r"all\.jsonl, line 3: NeuronRecord\.neuron_id must be"):
        read_records(path, NeuronRecord)


def test_line_separators_within_text_end_no_line(tmp_path):
    record = NeuronRecord(NeuronId(0, 0), (ActivationRecord(("a\u2028b\x85",), (1.0,)),))
    path = tmp_path / "all.jsonl"
    path.write_text(json.dumps(json.loads(dumps(record)), ensure_ascii=False), encoding="utf-8")
    assert read_records(path, NeuronRecord) == (record,)


def test_files_that_are_missing_or_no_text_are_refused(tmp_path):
    with pytest.raises(RecordsError, match="cannot be read: No such file"):
        read_records(tmp_path / "none.json", NeuronRecord)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordsError, match="no UTF-8"):
        read_records(tmp_path / "bytes.json", NeuronRecord)


def test_what_could_not_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "17.json"
    write_records(path, (NeuronRecord(NeuronId(0, 0)),))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="Out of range"):
        write_records(path, (NeuronRecord(NeuronId(0, 0), mean=float("nan")),))
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["17.json"]


def test_results_without_explanations_are_read():
    results = NeuronSimulationResults(NeuronId(1, 2), ())
    assert loads(dumps(results), NeuronSimulationResults) == results
