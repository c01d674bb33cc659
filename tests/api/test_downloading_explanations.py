"""All explanations of a model as one streamed table."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

URL = "/api/v1/models/synthetic/explanations"


def rows_of(client: TestClient, query: str = "") -> list[dict[str, object]]:
    answer = client.get(f"{URL}.jsonl{query}")
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.content.splitlines()]


def test_every_form_holds_the_same_explanations(filled: TestClient) -> None:
    rows = rows_of(filled)
    assert len(rows) > 100
    numbers = [row["id"] for row in rows]
    table = csv.DictReader(io.StringIO(filled.get(f"{URL}.csv").text, newline=""))
    assert [int(row["id"]) for row in table] == numbers
    parquet = pq.read_table(io.BytesIO(filled.get(f"{URL}.parquet").content))
    assert parquet.column("id").to_pylist() == numbers


def test_rows_follow_sites_and_units_and_name_the_file(filled: TestClient) -> None:
    rows = rows_of(filled, "?method=rules")
    assert [row["index"] for row in rows if row["site"] == "mlp.1"] == list(range(24))
    assert {row["method"] for row in rows} == {"rules"}
    only = filled.get(f"{URL}.csv?site=mlp.0&method=rules")
    assert (
        'filename="synthetic-explanations-mlp.0-rules.csv"' in only.headers["content-disposition"]
    )
    assert len(list(csv.reader(io.StringIO(only.text, newline="")))) == 25


def test_a_row_has_the_scores_that_the_explanation_has(filled: TestClient) -> None:
    row = rows_of(filled, "?site=mlp.0&method=rules")[0]
    shown = filled.get(f"/api/v1/explanations/{row['id']}").json()
    assert (row["text"], row["program"]) == (shown["text"], shown["program"])
    sent = {
        (score["split"], metric): numbers["value"]
        for score in row["scores"]
        for metric, numbers in score["metrics"].items()
    }
    assert sent == {
        (score["split"], score["metric"]): score["value"]
        for score in shown["scores"]
        if score["status"] != "not run"
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/models/nobody/explanations.csv", 404),
        (f"{URL}.csv?site=mlp.99", 404),
        (f"{URL}.csv?method=magic", 422),
        (f"{URL}.xml", 422),
        (f"{URL}.csv?split=test", 422),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_sent(
    filled: TestClient, path: str, status: int
) -> None:
    answer = filled.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
