"""Whole tables and files are downloaded."""

import csv
import hashlib
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.api.tabling import downloads
from app.store.queries import bulk
from app.store.synthetic import SyntheticModel, fill_synthetic

STATISTICS = "/api/v1/models/synthetic/statistics"
PLAIN = {"accept-encoding": "identity"}
"""Compressed, the first lines wait for more."""


@pytest.fixture
def artifact(filled: TestClient, synthetic: SyntheticModel) -> dict[str, object]:
    """One pool of the sweep; its address is under `url`."""
    path = f"/api/v1/runs/{synthetic.run_id}/artifacts"
    found = next(one for one in filled.get(path).json() if one["site"] == "mlp.1")
    return {**found, "url": f"{path}/{found['sha256']}"}


def test_a_site_as_csv_has_the_numbers_of_its_table(filled: TestClient) -> None:
    answer = filled.get(STATISTICS, params={"site": "mlp.1"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="synthetic-mlp.1-fit.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    table = filled.get("/api/v1/models/synthetic/sites/mlp.1/units").json()["items"]
    assert [int(row["index"]) for row in rows] == list(range(24))
    for row, unit in zip(rows, table, strict=True):
        assert list(row) == list(unit)
        assert row["dead"] == str(unit["dead"]).lower()
        for name in ("mean", "kurtosis", "density", "maximum"):
            given = float(row[name]) if row[name] else None
            assert given == unit[name]


def test_a_model_as_json_lines_has_every_unit_site_after_site(filled: TestClient) -> None:
    answer = filled.get(STATISTICS, params={"format": "jsonl", "split": "test"})
    rows = [json.loads(line) for line in answer.text.splitlines()]
    sites = dict.fromkeys(row["site"] for row in rows)
    assert list(sites) == ["attn.0", "mlp.0", "attn.1", "mlp.1"]
    assert len(rows) == 2 * (24 + 3)
    assert {row["split"] for row in rows} == {"test"}


@pytest.fixture
def one_at_a_time(empty_app: FastAPI, empty_url: str, tmp_path: Path) -> str:
    """A server that lets one table be downloaded at once; its address."""
    fill_synthetic(
        empty_app.state.engine, data=tmp_path, layers=1, neurons=8, heads=2, windows=24,
        window_length=16, exemplars_per_kind=2,
    )  # fmt: skip
    empty_app.state.downloads = downloads(1)
    return empty_url


def test_more_tables_at_once_than_allowed_are_refused_until_one_has_ended(
    one_at_a_time: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    read = bulk.read_statistics

    def read_slowly(*args: object) -> Iterator[object]:
        release.wait(60)
        yield from read(*args)

    monkeypatch.setattr(bulk, "read_statistics", read_slowly)
    url = one_at_a_time + STATISTICS
    with httpx.stream("GET", url, headers=PLAIN, timeout=60) as slow:
        lines = slow.iter_lines()
        assert next(lines).startswith("model,")
        refused = httpx.get(url, timeout=30)
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) > 0
        assert "PATCHCLAMP_MOST_DOWNLOADS" in refused.json()["hint"]
        assert httpx.get(f"{one_at_a_time}/api/v1/models", timeout=30).status_code == 200
        release.set()
        assert len(list(lines)) > 0
    assert _is_answered(url)


def test_downloads_that_fail_or_are_broken_off_give_their_place_back(
    one_at_a_time: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = one_at_a_time + STATISTICS
    assert httpx.get(url, params={"site": "mlp.9"}, timeout=30).status_code == 404
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "read_statistics", _read_on_and_on)
        with httpx.stream("GET", url, headers=PLAIN, timeout=30) as endless:
            next(endless.iter_lines())
    assert _is_answered(url)


def _is_answered(url: str) -> bool:
    """At once, or when the server has seen that the one before has gone."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if httpx.get(url, timeout=30).status_code == 200:
            return True
        time.sleep(0.05)
    return False


def _read_on_and_on(*_: object) -> Iterator[list[object]]:
    while True:
        time.sleep(0.01)
        yield []


def test_what_is_not_there_is_a_404_before_anything_is_sent(filled: TestClient) -> None:
    for query in ({"site": "mlp.9"}, {"split": "ood:law"}, {"run_id": 2**31 - 1}):
        answer = filled.get(STATISTICS, params=query)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert filled.get(STATISTICS, params={"format": "xml"}).status_code == 422


def test_a_pool_loads_into_numpy(filled: TestClient, artifact: dict[str, object]) -> None:
    answer = filled.get(str(artifact["url"]))
    array = np.load(io.BytesIO(answer.content))
    assert list(array.shape) == artifact["shape"]
    assert array.dtype == np.float16
    unit = filled.get(
        "/api/v1/models/synthetic/sites/mlp.1/units/5/pool", params={"split": artifact["split"]}
    ).json()
    row = [value for value in unit["activations"][0] if value is not None]
    np.testing.assert_array_equal(array[5, 0][np.isfinite(array[5, 0])], np.array(row, np.float16))


def test_the_stored_bytes_have_the_checksum(
    filled: TestClient, artifact: dict[str, object]
) -> None:
    answer = filled.get(f"{artifact['url']}?format=raw")
    assert hashlib.sha256(answer.content).hexdigest() == artifact["sha256"]
    assert answer.headers["repr-digest"].startswith("sha-256=:")
    assert int(answer.headers["content-length"]) == artifact["n_bytes"]


@pytest.mark.parametrize("form", ["npy", "raw"])
def test_a_download_that_was_cut_goes_on_where_it_stopped(
    filled: TestClient, artifact: dict[str, object], form: str
) -> None:
    url = f"{artifact['url']}?format={form}"
    whole = filled.get(url)
    for first, last in ((0, 9), (100, 300), (128, 128), (1000, None), (None, 17)):
        given = f"bytes={'' if first is None else first}-{'' if last is None else last}"
        part = filled.get(url, headers={"range": given, "if-range": whole.headers["etag"]})
        assert part.status_code == 206, given
        end = None if last is None else last + 1
        wanted = whole.content[-17:] if first is None else whole.content[first:end]
        assert part.content == wanted, given
        assert part.headers["content-range"].endswith(f"/{len(whole.content)}")
        assert part.headers["content-encoding"] == "identity"


def test_ranges_that_do_not_fit_are_refused_and_stale_ones_start_anew(
    filled: TestClient, artifact: dict[str, object]
) -> None:
    url = str(artifact["url"])
    assert filled.get(url, headers={"range": "bytes=99999999-"}).status_code == 416
    assert filled.get(url, headers={"range": "bytes=-0"}).status_code == 416
    for odd in ("bytes=0-3,9-12", "lines=1-2", "bytes=9-3", "bytes=-"):
        assert filled.get(url, headers={"range": odd}).status_code == 200, odd
    stale = filled.get(url, headers={"range": "bytes=0-3", "if-range": '"another"'})
    assert stale.status_code == 200


def test_who_has_the_file_is_told_so(filled: TestClient, artifact: dict[str, object]) -> None:
    url = str(artifact["url"])
    tag = filled.get(url).headers["etag"]
    assert filled.get(url, headers={"if-none-match": tag}).status_code == 304


def test_only_what_the_run_left_can_be_fetched(
    filled: TestClient, artifact: dict[str, object]
) -> None:
    assert filled.get(f"/api/v1/runs/2147483647/artifacts/{artifact['sha256']}").status_code == 404
    base = str(artifact["url"]).removesuffix(str(artifact["sha256"]))
    assert filled.get(base + "0" * 64).status_code == 404
    for odd in ("..%2f..%2fstore.sqlite", "store.sqlite", "A" * 64):
        assert filled.get(base + odd).status_code in (404, 422), odd


def test_a_pruned_file_is_said_to_be_gone(empty_app: FastAPI, tmp_path: Path) -> None:
    (made,) = fill_synthetic(
        empty_app.state.engine, data=tmp_path, layers=1, neurons=8, heads=2, windows=24,
        window_length=16, exemplars_per_kind=2,
    )  # fmt: skip
    with TestClient(empty_app) as client:
        path = f"/api/v1/runs/{made.run_id}/artifacts"
        sha256 = client.get(path).json()[0]["sha256"]
        for file in (tmp_path / "artifacts").rglob("*.f16"):
            file.unlink()
        answer = client.get(f"{path}/{sha256}")
    assert answer.status_code == 404
    assert "pruned" in answer.json()["detail"]
