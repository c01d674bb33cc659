"""Someone opens the front page."""

from starlette.testclient import TestClient


def test_an_empty_store_says_which_commands_to_run(empty_pages: TestClient) -> None:
    page = empty_pages.get("/").text
    assert "Nothing is here yet" in page
    assert "patchclamp demo" in page
    assert "patchclamp sweep" in page


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
