"""Files that are wrong on purpose: bounded, refused with line and field, never a crash."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, select

from app.exchange import fields
from app.exchange import input as inputs
from app.exchange.faults import FileFaultError
from app.exchange.importing import import_path
from app.store.engine import open_session
from app.store.tables import ExplanationTable, ScoreTable
from tests.exchange.hostile import GOOD, SCORE, of_line, refusal, with_score

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "number as text": ({**GOOD, "text": 5}, "field text: expected a text, found 5"),
    "empty text": ({**GOOD, "text": ""}, "field text: expected a text, found ''"),
    "long text": ({**GOOD, "text": "x" * 20_001}, "field text: 20,001 characters; at most 20,000"),
    "negative index": ({**GOOD, "index": -1}, "field index: expected a whole number from 0"),
    "fraction as index": ({**GOOD, "index": 1.5}, "field index: expected a whole number"),
    "truth as index": ({**GOOD, "index": True}, "field index: expected a whole number"),
    "huge index": ({**GOOD, "index": 10**30}, "field index: expected a whole number"),
    "method": ({**GOOD, "method": "magic"}, "field method: expected one of lookup, rules,"),
    "program": ({**GOOD, "program": "when tokn in {}"}, "field program: expected a program, and"),
    "place in program": ({**GOOD, "program": "sum\nwhen +"}, "line 2, column 6"),
    "date": ({**GOOD, "created_at": "yesterday"}, "field created_at: expected a moment such as"),
    "early": ({**GOOD, "created_at": "0030-01-01"}, "created_at: expected a moment from 1970"),
    "late": ({**GOOD, "created_at": "2101-01-01"}, "a moment from 1970 to 2100, found '2101"),
    "details": ({**GOOD, "details": [1]}, "field details: expected an object, found a list"),
    "scores": ({**GOOD, "scores": {}}, "field scores: expected a list, found an object"),
    "many scores": ({**GOOD, "scores": [SCORE] * 201}, "field scores: 201 entries; at most 200"),
    "same score": ({**GOOD, "scores": [SCORE] * 2}, "scores[1]: a second score on test by j"),
    "metric": (with_score(metrics={"bleu": {}}), "scores[0].metrics.bleu: expected a metric: one"),
    "value": (with_score(metrics={"auroc": {"value": "x"}}), "auroc.value: expected a number"),
    "too large": (with_score(metrics={"auroc": {"value": 1e300}}), "expected a number from -3e+38"),
    "r": (with_score(r=2), "scores[0].r: expected a number from -1.001 to 1.001, found 2"),
    "r by its metric": (
        with_score(metrics={"corpus_r": {"value": 5}}),
        "scores[0].metrics.corpus_r.value: expected a number from -1.001 to 1.001, found 5",
    ),
    "status": (with_score(status="great"), "scores[0].status: expected one of scored,"),
    "count": (with_score(n_windows=-1), "scores[0].n_windows: expected a whole number from 0"),
    "many fields": (GOOD | {f"f{n}": 0 for n in range(1000)}, "1,005 fields; at most 1,000"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_field_that_is_not_what_it_must_be_is_named(
    one_store: Engine, tmp_path: Path, wrong: str
) -> None:
    row, said = WRONG[wrong]
    detail = of_line(one_store, tmp_path, json.dumps(row))
    assert detail.startswith("a.jsonl, line 1")
    assert said in detail


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"site": \n', "expected JSON, and at character"),
        (b'{"site": "\xff"}', "byte 11 is no UTF-8"),
        (b'{"site": NaN}', "NaN is no number in JSON"),
        (b'{"site": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"site": ' + b"9" * 5000 + b"}", "integer string conversion"),
        (b'{"site": "mlp.0", "index": 1e999}', "field index: expected a whole number"),
        (b'{"model": "toy", "site": ["mlp.0"]}', "field site: expected a text, found a list"),
    ],
)
def test_a_line_that_is_no_json_object_is_refused(
    one_store: Engine, tmp_path: Path, content: bytes, said: str
) -> None:
    if b"1e999" in content:
        content = json.dumps(GOOD).replace('"index": 1', '"index": 1e999').encode()
    assert said in of_line(one_store, tmp_path, content)


def test_a_line_without_end_is_not_read_to_its_end(
    one_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "LONGEST_LINE", 1000)
    assert "more than 1,000 bytes without an end" in of_line(
        one_store, tmp_path, '{"site": "' + "x" * 5000
    )


def test_a_document_that_is_too_large_is_refused(
    one_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "LARGEST_DOCUMENT", 1000)
    monkeypatch.setattr(inputs, "CHUNK", 100)
    path = tmp_path / "batch-0.json"
    path.write_text(json.dumps({"model_id": "toy", "layer": 0, "x": "y" * 2000, "features": []}))
    assert "more than 1,000 bytes in one JSON document" in refusal(one_store, path)


def test_a_line_of_many_small_values_is_not_parsed(
    one_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields.parse_object, "__kwdefaults__", {"most": 1000})
    assert "about 2,006 values; at most 1,000 are read at once" in of_line(
        one_store, tmp_path, json.dumps({**GOOD, "x": [[]] * 1000})
    )


NESTED = {"a": json.loads("[" * 40 + "]" * 40)}


DETAILS: dict[str, tuple[str, str]] = {
    "not a number": ('{"a": NaN}', "NaN is no number in JSON"),
    "infinity": ('{"a": [-Infinity]}', "-Infinity is no number in JSON"),
    "too large": ('{"a": {"b": [0, 1e999]}}', "field details.a.b[1]: a number that is too large"),
    "too long": (f'{{"a": {10**19}}}', "field details.a: a whole number of more than 64 bits"),
    "too low": (f'{{"a": -{10**4000}}}', "field details.a: a whole number of more than 64 bits"),
    "half a pair": (r'{"a": "\ud800"}', r"field details.a: half of a surrogate pair in '\ud800'"),
    "half a name": (
        r'{"a": {"\udc00": 1}}',
        r"field details.a: half of a surrogate pair in '\udc0",
    ),
    "deep": (json.dumps(NESTED), "[0][0]: nested more than 32 deep"),
    "strange name": ('{"a b\\n": 1e999}', r"field details.'a b\n': a number that is too large"),
}


@pytest.mark.parametrize("wrong", DETAILS)
def test_details_that_not_everybody_can_read_are_refused_with_their_place(
    one_store: Engine, tmp_path: Path, wrong: str
) -> None:
    details, said = DETAILS[wrong]
    line = json.dumps(GOOD)[:-1] + f', "details": {details}}}'
    detail = of_line(one_store, tmp_path, line)
    assert detail.startswith("a.jsonl, line 1")
    assert said in detail
    detail.encode()
    path = tmp_path / "a.parquet"
    (tmp_path / "a.jsonl").unlink()
    pq.write_table(pa.Table.from_pylist([{**GOOD, "details": details}]), path)
    detail = refusal(one_store, path)
    assert detail.startswith("a.parquet, row 1, field details")
    assert said in detail


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"id": 10**30}, "line 1, field id: a whole number of more than 64 bits"),
        ({"notes": "\ud800"}, "line 1, field notes: half of a surrogate pair"),
        ({"scores": [{"explanationScoreTypeName": "\ud800"}]}, "field scores[0].type: half of a"),
        (
            {"scores": [{"explanationScoreTypeName": "simulation_r", "value": 2}]},
            "scores[0].value: expected a number from -1.001 to 1.001",
        ),
    ],
)
def test_what_others_say_beside_an_explanation_is_held_to_the_same(
    one_store: Engine, tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    row = {"modelId": "toy", "description": "t", "layer": "0-mlp", "index": "1", **more}
    assert said in of_line(one_store, tmp_path, json.dumps(row))


def test_details_within_bounds_are_kept(one_store: Engine, tmp_path: Path) -> None:
    details = {"a": [0.5, 2**63 - 1, None, True, "猫\x00"], "b": {"c": {}}}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({**GOOD, "details": details}))
    assert import_path(one_store, path, model="toy").problems == []
    with open_session(one_store) as session:
        (kept,) = session.scalars(select(ExplanationTable.details)).all()
    assert {name: kept[name] for name in details} == details


def test_text_that_databases_cannot_hold_is_kept_as_far_as_they_can(
    receiving: Engine, tmp_path: Path
) -> None:
    row = with_score(judge="j\0", reason="\ud800") | {"text": "a\0b\ud800c", "author": "\0me"}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row))
    assert import_path(receiving, path, model="toy").total("n_imported") == 1
    assert import_path(receiving, path, model="toy", again=True).total("n_duplicates") == 1
    with open_session(receiving) as session:
        assert session.scalars(select(ExplanationTable.text)).all() == ["a\ufffdb?c"]
        assert session.scalars(select(ScoreTable.judge)).all() == ["import:j\ufffd"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("model,site,index\n", "the header lacks author, text"),
        ("model,site,index,author,text\ntoy,mlp.0,1,a\n", "line 2: expected 5 cells, found 4"),
        (
            "model,site,index,author,text\ntoy,mlp.0,one,a,t\n",
            "line 2, field index: expected a num",
        ),
        ('model,site,index,author,text\ntoy,mlp.0,1,a,"t\n', "line 2: expected comma-separated"),
        ("model,site,index,author,text\ntoy,mlp.0,1,a,\n", "line 2, field text: expected a text"),
        ("model,site,index,author,text,test_auroc\ntoy,mlp.0,1,a,t,inf\n", "auroc.value: expected"),
    ],
)
def test_a_table_of_commas_that_is_wrong_is_refused(
    one_store: Engine, tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    assert said in refusal(one_store, path)


def test_lines_are_counted_through_cells_that_hold_several(
    one_store: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text('model,site,index,author,text\ntoy,mlp.0,1,a,"two\nlines"\ntoy,mlp.0,x,a,t\n')
    (problem,) = import_path(one_store, path, model="toy").problems
    assert isinstance(problem, FileFaultError)
    assert (problem.where.line, problem.where.field) == (4, "index")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"model_id": "toy", "layer": 0}, "field features: expected a list, found nothing"),
        ({"model_id": "toy", "layer": [], "features": []}, "field layer: expected a whole number"),
        ({"model_id": "toy", "layer": 0, "features": [5]}, "feature 1: expected an object"),
        (
            {"model_id": "toy", "layer": 0, "features": [{"feature_index": 0}, {}]},
            "feature 2, field feature_index: expected a whole number",
        ),
    ],
)
def test_a_dashboard_batch_that_is_wrong_is_refused(
    one_store: Engine, tmp_path: Path, content: object, said: str
) -> None:
    path = tmp_path / "batch-0.json"
    path.write_text(json.dumps(content))
    assert said in refusal(one_store, path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"modelId": "toy", "description": "t", "index": "1"}, "field layer: expected a text"),
        (
            {"modelId": "toy", "description": "t", "layer": "0-mlp", "index": "1",
             "scores": [{"explanationScoreTypeName": "simulation_r", "value": "x"}]},
            "scores[0].value: expected a number",
        ),
        ({"dataclass_name": "Thing"}, "field dataclass_name: expected NeuronRecord or"),
        (
            {"dataclass_name": "NeuronSimulationResults",
             "neuron_id": {"layer_index": 0, "neuron_index": 1},
             "scored_explanations": [{"explanation": " "}]},
            "scored_explanations[0].explanation: an explanation without words",
        ),
    ],
)  # fmt: skip
def test_rows_of_others_that_are_wrong_are_refused(
    one_store: Engine, tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    assert said in of_line(one_store, tmp_path, json.dumps(row))
