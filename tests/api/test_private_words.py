"""Answers over the network name neither files nor servers of the machine."""

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

ASKED = ["/readyz", "/api/v1/models", "/api/v1/jobs", "/metrics"]


@pytest.mark.parametrize("path", ASKED)
def test_a_store_without_tables_is_only_called_the_store(tmp_path: Path, path: str):
    with TestClient(create_app(Settings(data=tmp_path))) as client:
        answer = client.get(path)
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("The store ")
    assert str(tmp_path) not in answer.text
    assert "store.sqlite" not in answer.text


@pytest.mark.parametrize("path", ASKED)
def test_a_server_that_is_away_is_only_called_the_store(tmp_path: Path, path: str):
    url = "postgresql://someone:hunter2@127.0.0.1:1/lab?sslpassword=keyphrase"
    with TestClient(create_app(Settings(data=tmp_path, database_url=url))) as client:
        answer = client.get(path)
    assert answer.status_code == 503
    for word in ("127.0.0.1", "someone", "hunter2", "keyphrase", "lab"):
        assert word not in answer.json()["detail"]


def test_a_file_that_is_no_store_is_only_called_the_store(empty_app, empty, tmp_path: Path):
    empty_app.state.engine.dispose()
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    (tmp_path / "store.sqlite").write_text("a shopping list\n" * 1000)
    answer = empty.get("/api/v1/models")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
