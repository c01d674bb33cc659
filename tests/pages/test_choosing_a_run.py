"""Someone swept a model twice, and wants the numbers of one run and not of the other."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.tables import (
    ExemplarTable,
    SiteSummaryTable,
    UnitHistogramTable,
    UnitStatisticsTable,
)
from tests.store.sweeps import sweep_again

COPIED = (UnitStatisticsTable, UnitHistogramTable, ExemplarTable, SiteSummaryTable)


@pytest.fixture
def swept_twice(own_pages: TestClient) -> tuple[TestClient, int, int]:
    engine = own_pages.app.state.engine  # type: ignore[attr-defined]
    first, second = sweep_again(engine, COPIED, maximum=7777.0)
    return own_pages, first, second


def links(page: str) -> Iterator[str]:
    return (unescape(found) for found in re.findall(r'(?:href|hx-get)="(/m/[^"]+)"', page))


OF_NO_SWEEP = (
    "playground|experiments|text|tasks|circuits|campaigns|agreement|disagreements|activity|people|"
    "bookmarks|lists"
)


def within_main(page: str) -> str:
    """Without the list of other runs, which leads away on purpose, without forms, whose fields
    say the run, and without the ways to what is of no sweep: what the loaded model is asked,
    tasks and circuits, and what people do."""
    page = re.sub(rf'<\w+ [^>]*(?:href|hx-get)="[^"]*/(?:{OF_NO_SWEEP})[^>]*>', "", page)
    page = re.sub(r'<details class="menu">.*?</details>', "", page, flags=re.DOTALL)
    return re.sub(r"<form [^>]+>", "", page)


@pytest.mark.parametrize("path", ["", "/mlp.0", "/mlp.0/5", "/attn.0/1"])
def test_every_link_of_a_page_keeps_to_the_run_that_was_asked_for(
    swept_twice: tuple[TestClient, int, int], path: str
) -> None:
    pages, first, second = swept_twice
    page = within_main(pages.get(f"/m/synthetic{path}?run={first}").text)
    table_of_runs = f"/m/synthetic?run={first}"
    assert table_of_runs in page or path == ""
    lost = [link for link in links(page) if f"run={first}" not in link]
    # the row of the run that is shown by default leads to it
    assert lost == (["/m/synthetic"] if path == "" else [])
    assert f'name="run" value="{first}"' in page
    assert "7777" not in page.replace(",", "").replace("\u202f", "")
    assert f"run={second}" not in page


def test_a_random_unit_is_of_the_run_that_was_asked_for(
    swept_twice: tuple[TestClient, int, int],
) -> None:
    pages, first, _ = swept_twice
    found = pages.get(f"/m/synthetic/random?seed=4&run={first}", follow_redirects=False)
    assert found.headers["location"].endswith(f"?run={first}")
    found = pages.get(f"/m/synthetic/random?run={first}", follow_redirects=False)
    assert f"run={first}" in found.headers["location"]


def test_what_is_typed_in_the_header_stays_in_the_run(
    swept_twice: tuple[TestClient, int, int],
) -> None:
    pages, first, _ = swept_twice
    asked = {"to": "mlp.0/3", "model": "synthetic", "run": first}
    found = pages.get("/jump", params=asked, follow_redirects=False)
    assert found.headers["location"] == f"/m/synthetic/mlp.0/3?run={first}"


@pytest.mark.parametrize("path", ["", "/mlp.0", "/mlp.0/5"])
def test_a_page_names_its_run_and_leads_to_the_others(
    swept_twice: tuple[TestClient, int, int], path: str
) -> None:
    pages, first, second = swept_twice
    shown = pages.get(f"/m/synthetic{path}").text
    assert f'numbers of <a href="/runs/{second}">run {second}</a>' in shown
    assert f'href="/m/synthetic{path}?run={first}">run {first}</a>' in shown
    older = pages.get(f"/m/synthetic{path}?run={first}").text
    assert f'numbers of <a href="/runs/{first}">run {first}</a>' in older
    assert f'href="/m/synthetic{path}">run {second}</a>' in older


def test_a_site_of_one_run_alone_offers_no_other(own_pages: TestClient) -> None:
    page = own_pages.get("/m/synthetic/mlp.0").text
    assert "numbers of" in page
    assert "other run" not in page


def test_a_run_leads_to_pages_with_its_own_numbers(
    swept_twice: tuple[TestClient, int, int],
) -> None:
    pages, first, second = swept_twice
    page = pages.get(f"/runs/{first}").text
    assert all(f"run={first}" in link for link in links(page))
    assert f'href="/m/synthetic?run={first}">Browse its numbers</a>' in page
    assert 'href="/m/synthetic">Browse its numbers</a>' in pages.get(f"/runs/{second}").text


def test_a_run_beside_a_sweep_leads_to_the_pages_of_that_sweep(
    swept_twice: tuple[TestClient, int, int],
) -> None:
    pages, first, _ = swept_twice
    runs = pages.get("/api/v1/runs", params={"kind": "output"}).json()["items"]
    page = pages.get(f"/runs/{runs[0]['id']}").text
    assert f"/m/synthetic?run={first}" in page
    assert "Show this run" not in page


@pytest.mark.parametrize(
    "show",
    [
        lambda pages, run: pages.post(f"/runs/{run}/show"),
        lambda pages, run: pages.post(f"/api/v1/runs/{run}/show"),
    ],
    ids=["by its page", "by REST"],
)
def test_an_older_run_can_be_shown_by_default_again(
    swept_twice: tuple[TestClient, int, int], show: Callable[[TestClient, int], object]
) -> None:
    pages, first, _ = swept_twice
    assert "Show this run" in pages.get(f"/runs/{first}").text
    show(pages, first)
    assert f'numbers of <a href="/runs/{first}">' in pages.get("/m/synthetic/mlp.0/5").text
    assert pages.get("/api/v1/models/synthetic").json()["current_run_id"] == first
    assert "Show this run" not in pages.get(f"/runs/{first}").text


def test_what_has_no_numbers_cannot_be_shown_by_default(
    swept_twice: tuple[TestClient, int, int],
) -> None:
    pages, first, second = swept_twice
    beside = pages.get("/api/v1/runs", params={"kind": "output"}).json()["items"][0]["id"]
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        for row in session.scalars(select(SiteSummaryTable).filter_by(run_id=first)):
            session.delete(row)
    for run, words in ((beside, "is no sweep"), (first, "stored no numbers")):
        refused = pages.post(f"/api/v1/runs/{run}/show")
        assert refused.status_code == 409
        assert words in refused.json()["detail"]
    assert pages.post("/api/v1/runs/999/show").status_code == 404
    assert pages.get("/api/v1/models/synthetic").json()["current_run_id"] == second


def test_a_model_has_the_counts_of_the_run_that_was_asked_for(
    swept_twice: tuple[TestClient, int, int],
) -> None:
    pages, first, second = swept_twice
    with open_session(pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        for row in session.scalars(
            select(SiteSummaryTable).where(
                SiteSummaryTable.run_id == second, SiteSummaryTable.split != "fit"
            )
        ):
            session.delete(row)
        for of_unit in session.scalars(
            select(UnitStatisticsTable).where(
                UnitStatisticsTable.run_id == second, UnitStatisticsTable.split != "fit"
            )
        ):
            session.delete(of_unit)
    assert pages.get("/api/v1/models/synthetic").json()["splits"] == ["fit"]
    older = pages.get("/api/v1/models/synthetic", params={"run_id": first}).json()
    assert "test" in older["splits"]
    assert pages.get("/api/v1/models/synthetic", params={"run_id": 999}).status_code == 404


def test_a_run_of_another_kind_or_model_has_no_pages(
    swept_twice: tuple[TestClient, int, int],
) -> None:
    pages, _, _ = swept_twice
    beside = pages.get("/api/v1/runs", params={"kind": "output"}).json()["items"][0]["id"]
    for path in ("", "/mlp.0", "/mlp.0/5", "/random"):
        assert pages.get(f"/m/synthetic{path}?run={beside}").status_code == 404
