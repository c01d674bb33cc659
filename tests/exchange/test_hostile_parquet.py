"""Parquet files that are cut, of other columns, or much larger than they look."""

import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from app.exchange import parquet
from app.exchange.importing import import_path
from tests.exchange.hostile import GOOD, SCORE, refusal, with_score


def test_a_parquet_file_that_was_cut_is_refused_and_read_once_it_is_whole(
    one_store: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([GOOD]), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert "the Parquet file is cut or damaged" in refusal(one_store, path)
    path.write_bytes(whole)
    assert import_path(one_store, path, model="toy").total("n_imported") == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"model": "toy"}, "there is no column site, index, author, text"),
        ({**GOOD, "index": "one"}, "row 1, field index: expected a whole number"),
        ({**GOOD, "details": "{"}, "row 1, field details: expected JSON"),
        ({**GOOD, "scores": ["a"]}, "row 1, field scores[0]: expected an object"),
        (
            {**GOOD, "scores": [{"split": "t", "judge": "j", "metrics": ["a"]}]},
            "metrics[0]: expected",
        ),
        ({**GOOD, "scores": 5}, "field scores: expected a list"),
        (
            {**GOOD, "scores": [{**SCORE, "metrics": [{"value": 0.5}]}]},
            "metrics[0].metric: expected",
        ),
    ],
)
def test_a_parquet_file_with_wrong_columns_is_refused(
    one_store: Engine, tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([row]), path)
    assert said in refusal(one_store, path)


def test_a_dictionary_that_spreads_is_refused_before_it_does(
    one_store: Engine, tmp_path: Path
) -> None:
    n = 100_000
    zeros = pa.array([0] * n, pa.int32())
    columns = {
        name: pa.DictionaryArray.from_arrays(zeros, [GOOD[name]])
        for name in ("model", "site", "author")
    }
    columns["text"] = pa.DictionaryArray.from_arrays(zeros, ["x" * 20_000])
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({**columns, "index": pa.array([1] * n)}), path)
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    try:
        said = refusal(one_store, path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "row 1: a row group that becomes 2,00" in said
    assert "at most 268,435,456" in said
    assert peak < 50 * 2**20


def test_lists_of_nothing_that_spread_are_refused_before_they_do(
    one_store: Engine, tmp_path: Path
) -> None:
    score = pa.struct([("split", pa.string())])
    nothing = pa.ListArray.from_arrays([0, 3_000_000], pa.nulls(3_000_000, score))
    path = tmp_path / "a.parquet"
    table = pa.Table.from_pylist([GOOD]).append_column("scores", nothing)
    pq.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 100_000
    said = refusal(one_store, path)
    assert "field scores.list.element.split: 3,000,000 values in one row group" in said


def test_of_a_table_with_one_row_that_is_too_large_what_came_before_is_kept(
    one_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "LONGEST_ROW", 1000)
    path = tmp_path / "a.parquet"
    rows = [{**GOOD, "text": f"text {n}"} for n in range(3)]
    rows.append({**GOOD, "text": "x" * 1000})
    pq.write_table(pa.Table.from_pylist(rows), path)
    report = import_path(one_store, path, model="toy")
    (problem,) = report.problems
    assert "row 4: a row of more than 1,000 bytes" in problem.detail
    assert report.total("n_imported") == 3


def test_rows_are_taken_few_at_a_time_where_they_are_large(
    one_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "BYTES_AT_ONCE", 2000)
    monkeypatch.setattr(parquet, "LONGEST_ROW", 2000)
    path = tmp_path / "a.parquet"
    rows = [with_score() | {"text": f"{n} " + "x" * (n % 3 * 700)} for n in range(10)]
    for row in rows:
        row["scores"][0]["metrics"] = []
    pq.write_table(pa.Table.from_pylist(rows), path)
    report = import_path(one_store, path, model="toy")
    assert report.problems == []
    assert report.total("n_imported") == 10


@pytest.mark.parametrize("kind", [pa.binary(), pa.binary(3), pa.list_(pa.binary())])
def test_a_column_of_bytes_is_refused(one_store: Engine, tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "a.parquet"
    column = pa.array([[b"abc"] if pa.types.is_list(kind) else b"abc"], kind)
    pq.write_table(pa.Table.from_pylist([GOOD]).append_column("details", column), path)
    assert "row 1, field details: expected texts or numbers, found" in refusal(one_store, path)


def test_what_others_put_beside_our_columns_is_not_looked_at(
    one_store: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "a.parquet"
    column = pa.array([b"abc"], pa.binary())
    pq.write_table(pa.Table.from_pylist([GOOD]).append_column("theirs", column), path)
    assert import_path(one_store, path, model="toy").total("n_imported") == 1
