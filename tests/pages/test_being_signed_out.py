"""Whoever is not signed in is led to where one does, in the way that suits what they asked for."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.pages.team import FRAGMENT, add, browser, closed_app


@pytest.fixture
def client(tmp_path) -> TestClient:
    app: FastAPI = closed_app(tmp_path)
    add(app, "ada")
    return browser(app)


def test_a_page_leads_to_signing_in_and_back(client: TestClient) -> None:
    answer = client.get("/search?q=a%20b&model=synthetic")
    assert answer.status_code == 303
    assert answer.headers["location"] == ("/login?next=%2Fsearch%3Fq%3Da%2520b%26model%3Dsynthetic")
    assert answer.headers["cache-control"] == "no-store"


def test_a_part_of_a_page_stays_in_its_place(client: TestClient) -> None:
    headers = {
        **FRAGMENT,
        "hx-target": "section#jobs",
        "hx-current-url": "http://localhost:8765/jobs?status=failed",
    }
    answer = client.get("/jobs", headers=headers)
    assert answer.status_code == 401
    assert '<div id="jobs"' in answer.text
    assert 'href="/login?next=%2Fjobs%3Fstatus%3Dfailed" target="_blank"' in answer.text
    assert "<html" not in answer.text


def test_the_count_of_running_jobs_becomes_a_word_that_leads_there(client: TestClient) -> None:
    headers = {**FRAGMENT, "hx-target": "span#running", "hx-current-url": "http://localhost:8765/"}
    answer = client.get("/jobs/running", headers=headers)
    assert answer.status_code == 401
    assert answer.text.strip() == '<a href="/login?next=%2F">signed out</a>'


@pytest.mark.parametrize(
    "said", ["http://[bad", "https://evil.example//evil.example/x", "", "javascript:alert(1)"]
)
def test_what_a_browser_says_that_it_shows_leads_nowhere_else(
    client: TestClient, said: str
) -> None:
    headers = {**FRAGMENT, "hx-target": "section#jobs", "hx-current-url": said}
    page = client.get("/jobs", headers=headers).text
    link = page.partition('href="')[2].partition('"')[0]
    assert link.startswith("/login?next=")
    signing_in = client.get(link).text
    assert "evil.example" not in signing_in
    assert "javascript" not in signing_in.partition("<main")[2]


def test_a_form_that_is_sent_too_late_is_told_so(client: TestClient) -> None:
    answer = client.post(
        "/jobs", data={"model": "a"}, headers={"referer": "http://localhost:8765/jobs"}
    )
    assert answer.status_code == 401
    assert 'href="/login?next=%2Fjobs"' in answer.text
    assert "back" in answer.text


@pytest.mark.parametrize("path", ["/api/v1/models", "/api/feature/synthetic/0-mlp/1", "/metrics"])
def test_a_program_gets_a_problem_and_is_told_how_to_come_in(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"accept": "*/*"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Sign in first"


def test_a_program_with_a_wrong_token_is_told_so(client: TestClient) -> None:
    for headers in ({"authorization": "Bearer pc_forged"}, {"x-api-key": "pc_forged"}):
        answer = client.get("/api/v1/models", headers=headers)
        assert answer.status_code == 401
        assert "lets nobody in" in answer.json()["detail"]
        assert "forged" not in answer.text


def test_models_that_there_are_and_models_that_there_are_not_look_alike(
    client: TestClient,
) -> None:
    for there, not_there in (("/m/synthetic", "/m/nothing"),):
        first, second = client.get(there), client.get(not_there)
        assert first.status_code == second.status_code == 303
    for path in ("/api/v1/models/synthetic", "/api/v1/models/nothing"):
        assert client.get(path, headers={"accept": "*/*"}).status_code == 401


def test_what_pages_are_drawn_with_needs_nobody(client: TestClient) -> None:
    assert client.get("/static/css/base.css").status_code == 200
    assert client.get("/healthz").status_code == 200
