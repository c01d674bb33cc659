"""Someone opens the front page."""

from starlette.testclient import TestClient

from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job
from app.store.queue import Progress
from app.store.requests import PrepareDemoRequest


def test_an_empty_store_says_which_commands_to_run(empty_pages: TestClient) -> None:
    page = empty_pages.get("/").text
    assert "Nothing is here yet" in page
    assert "patchclamp demo" in page
    assert "patchclamp sweep" in page


def test_while_the_demo_is_prepared_the_front_page_says_what_happens(
    empty_pages: TestClient,
) -> None:
    engine = empty_pages.app.state.engine  # type: ignore[attr-defined]
    with open_session(engine, commit=True) as session:
        create_job(session, request=PrepareDemoRequest(), actor="ada")
    page = empty_pages.get("/").text
    assert "The demo is being prepared" in page
    assert "as soon as it has started" in page
    assert "Nothing is here yet" not in page
    assert "patchclamp models add" not in page

    claim = queue.claim_next(engine, worker_id="w", kinds=["prepare_demo"], lease_seconds=60)
    assert claim is not None
    told = Progress(0.5, 3, "parts", None, "unpacking the model")
    queue.write_progress(engine, claim, told)
    fragment = empty_pages.get(
        "/", headers={"hx-request": "true", "hx-target": "div#overview"}
    ).text
    assert "<html" not in fragment
    assert "under way, about a minute" in fragment
    assert "unpacking the model" in fragment
    assert 'hx-trigger="every 2s"' in fragment

    queue.finish(engine, claim, "failed", error="The model is not installed.")
    page = empty_pages.get("/").text
    assert "Nothing is here yet" in page
    assert "The newest job" in page
    assert "The model is not installed." in page
    assert 'hx-trigger="every 2s' not in page


def test_the_front_page_lists_models_corpora_and_what_runs(pages: TestClient) -> None:
    page = pages.get("/").text
    assert 'href="/m/synthetic"' in page
    assert 'href="/m/synthetic-2"' in page
    assert 'href="/corpora/starter"' in page
    assert "640" in page
    assert "windows/s" in page


def test_the_header_counts_running_jobs_in_a_fragment(pages: TestClient) -> None:
    fragment = pages.get("/jobs/running", headers={"hx-request": "true"}).text
    assert "2 jobs running" in fragment
    assert "<html" not in fragment


def test_pages_carry_the_strict_policy_and_no_inline_script_or_style(pages: TestClient) -> None:
    for path in ("/", "/m/synthetic", "/m/synthetic/mlp.1", "/m/synthetic/mlp.1/7", "/glossary"):
        answer = pages.get(path)
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert " style=" not in answer.text
        assert "<style" not in answer.text
        assert "<script>" not in answer.text
        assert "javascript:" not in answer.text


def test_every_page_has_a_title_a_language_and_one_main_heading(pages: TestClient) -> None:
    for path in ("/", "/jobs", "/m/synthetic", "/m/synthetic/attn.1", "/m/synthetic/attn.1/0"):
        page = pages.get(path).text
        assert '<html lang="en">' in page
        assert "<title>" in page
        assert page.count("<h1") == 1
