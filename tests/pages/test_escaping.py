"""Tokens, titles and names are text, whatever they hold."""

import re

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.tables.corpus import CorpusTable, DocumentTable
from app.store.tables.job import JobTable
from app.store.tables.model import ModelTable

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.mark.parametrize("show", ["overview", "top", "random", "intervals"])
def test_tokens_with_markup_stay_text(pages: TestClient, show: str) -> None:
    for path in ("/m/synthetic/mlp.1/7", "/m/synthetic/attn.1/0"):
        page = pages.get(f"{path}?show={show}").text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<b>Bold" not in page


def test_titles_facts_messages_and_names_stay_text(own_pages: TestClient) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        session.execute(
            update(ModelTable).values(
                title=EVIL, source=EVIL, architecture=EVIL, facts={EVIL: EVIL}
            )
        )
        session.execute(update(CorpusTable).values(title=EVIL, source=EVIL, reading={EVIL: EVIL}))
        session.execute(update(DocumentTable).values(title=EVIL, origin=EVIL, domain=EVIL))
        session.execute(
            update(JobTable).values(message=EVIL, error=EVIL, traceback=EVIL, created_by=EVIL)
        )
    job = re.search(r'href="/jobs/(\w{32})"', own_pages.get("/jobs").text)
    assert job is not None
    paths = ("/", "/m/synthetic", "/m/synthetic/mlp.0", "/m/synthetic/mlp.0/5", "/jobs",
             f"/jobs/{job[1]}", "/corpora/starter", "/corpora/starter/0")  # fmt: skip
    for path in paths:
        answer = own_pages.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "<img" not in answer.text, path


def test_what_is_asked_for_is_not_echoed_as_markup(pages: TestClient) -> None:
    for path in (f"/m/{EVIL}", f"/m/synthetic/{EVIL}", f"/corpora/{EVIL}", f"/jobs/{EVIL}"):
        answer = pages.get(path)
        assert answer.status_code in (404, 422), path
        assert "<script>alert" not in answer.text
    for path in ("/jump", "/jobs", "/m/synthetic/mlp.1", "/m/synthetic/mlp.1/7"):
        for name in ("to", "status", "sort", "split", "cursor"):
            answer = pages.get(path, params={name: EVIL})
            assert "<script>alert" not in answer.text, (path, name)


def test_paths_with_tricks_are_not_found(pages: TestClient) -> None:
    for path in ("/m/..%2f..%2fetc", "/m/synthetic/..%2f", "/static/..%2fapp/main.py"):
        assert pages.get(path).status_code in (404, 422), path
