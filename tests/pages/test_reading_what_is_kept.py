"""Someone opens an experiment, the vectors of a model, or a list of units."""

import re

import pytest
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.experimenting import create_experiment, fork_experiment
from app.store.listing import Named, add_units, create_unit_list
from app.store.steering import create_vector
from tests.store.experiments import HALVE, conducted

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def kept(own_pages: TestClient) -> TestClient:
    """A client of a filled store with a little of each, written by somebody who means ill."""
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        made = create_experiment(
            session, model="synthetic", conducted=conducted(EVIL, (HALVE,)), actor=EVIL,
            name=f"Name {EVIL}", note=f"Note {EVIL}",
        )  # fmt: skip
        fork_experiment(session, slug=made.slug, actor="me")
        create_vector(
            session, model="synthetic", site="resid.0", label=f"calm {EVIL}", values=[0.5] * 64,
            actor="me",
        )  # fmt: skip
        slug = create_unit_list(session, name=f"Animals {EVIL}", actor="me").slug
        add_units(
            session, slug=slug, units=[Named("synthetic", "mlp.0", 7, f"why {EVIL}")], actor="me"
        )
    return own_pages


def follow(client: TestClient, page: str, start: str) -> str:
    """The page behind the first link of a page that begins so."""
    found = re.search(rf'href="({start}[^"]+)"', client.get(page).text)
    assert found is not None, page
    return client.get(found[1]).text


def test_an_experiment_shows_what_was_changed_and_what_that_changed(kept: TestClient) -> None:
    listed = kept.get("/m/synthetic/experiments").text
    slug = re.findall(r'href="/experiments/([^"]+)"', listed)[-1]
    page = kept.get(f"/experiments/{slug}").text
    for words in ("Name", "Note", "attn.0/1", "The", "0.125", "mean KL", "forks"):
        assert words in page, words
    assert f"/api/v1/experiments/{slug}" in page
    assert "Python script" not in page


def test_a_fork_leads_to_what_it_was_forked_from(kept: TestClient) -> None:
    fork = follow(kept, "/m/synthetic/experiments", "/experiments/")
    assert "forked from" in fork
    parent = re.search(r'forked from</dt><dd><a href="([^"]+)"', fork)
    assert parent is not None
    assert "Name" in kept.get(parent[1]).text


def test_an_experiment_and_its_run_lead_to_each_other(kept: TestClient) -> None:
    listed = kept.get("/m/synthetic/experiments").text
    path = re.findall(r'href="(/experiments/[^"]+)"', listed)[-1]
    run = follow(kept, path, "/runs/")
    assert f'href="{path}"' in run
    assert "Show this run by default" not in run
    assert 'href="/m/synthetic"' in run


def test_runs_of_experiments_do_not_hide_the_sweeps_of_a_model(kept: TestClient) -> None:
    page = kept.get("/m/synthetic").text
    assert "<td>sweep</td>" in page
    assert "<td>experiment</td>" not in page


def test_vectors_of_a_model_are_listed(kept: TestClient) -> None:
    page = kept.get("/m/synthetic/vectors").text
    for words in ("resid.0/1", "calm", "4.00", "/api/v1/models/synthetic/vectors/1"):
        assert words in page, words


def test_a_list_leads_to_its_units(kept: TestClient) -> None:
    page = follow(kept, "/lists", "/lists/")
    assert "Animals" in page
    assert 'href="/m/synthetic/mlp.0/7"' in page


def test_what_others_wrote_is_shown_and_not_run(kept: TestClient) -> None:
    listed = kept.get("/m/synthetic/experiments").text
    paths = re.findall(r'href="(/experiments/[^"]+)"', listed)
    paths += re.findall(r'href="(/lists/[^"]+)"', kept.get("/lists").text)
    for path in (*paths, "/m/synthetic/experiments", "/m/synthetic/vectors", "/lists"):
        page = kept.get(path).text
        assert EVIL not in page, path
        assert "&lt;script&gt;" in page, path


def test_where_nothing_is_kept_the_pages_say_so(pages: TestClient) -> None:
    for path in ("/m/synthetic/experiments", "/m/synthetic/vectors", "/lists"):
        assert "None yet." in pages.get(path).text, path


@pytest.mark.parametrize(
    "path",
    ["/experiments/" + "x" * 12, "/lists/" + "x" * 12, "/m/none/experiments", "/m/none/vectors"],
)
def test_what_is_not_there_is_not_found(pages: TestClient, path: str) -> None:
    assert pages.get(path).status_code == 404
