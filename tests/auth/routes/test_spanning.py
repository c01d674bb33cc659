"""What spans models shows of them what somebody sees, and is as full as for those who see all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.auth.actor import Actor
from app.dependencies import get_inference_state
from app.inference.connection import State
from app.store.engine import open_session
from app.store.listing import Named, add_units, create_unit_list, delete_unit_list
from app.store.queries.search import search, search_explanations
from app.store.search.vectors import write_vectors
from app.store.tables import JobTable
from tests.auth.routes.house import CORPUS, MAKER, MODELS, House

SEEN, HIDDEN = MODELS
WORD = "tokens"
"""That explanations of both models have."""


@pytest.fixture
def mixed(app: FastAPI) -> Any:
    """A list of no model, with a unit of each; gone afterwards."""
    with open_session(app.state.engine, commit=True) as session:
        made = create_unit_list(session, name="of both", actor=MAKER)
        units = [Named(model, "mlp.0", 1) for model in MODELS]
        add_units(session, slug=made.slug, units=units, actor=MAKER)
        hidden = create_unit_list(session, name="of one", actor=MAKER)
        add_units(session, slug=hidden.slug, units=units[1:], actor=MAKER)
    yield made.slug, hidden.slug
    with open_session(app.state.engine, commit=True) as session:
        for slug in (made.slug, hidden.slug):
            delete_unit_list(session, slug=slug, actor=MAKER)


def asked(client: TestClient, house: House, path: str, person: str = "owner", **more: Any) -> Any:
    method = "POST" if "json" in more else "GET"
    answer = client.request(method, path, headers=house.credentials[person], **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", ["/api/v1/runs", "/api/v1/jobs"])
def test_runs_and_jobs_are_of_models_that_one_sees(
    client: TestClient, house: House, path: str
) -> None:
    everything = asked(client, house, path, "administrator")["items"]
    assert {one["model"] for one in everything} == {SEEN, HIDDEN}
    mine = asked(client, house, path)["items"]
    assert mine == [one for one in everything if one["model"] == SEEN]
    assert asked(client, house, path, "outsider")["items"] == []


def test_a_page_of_runs_is_full(client: TestClient, house: House) -> None:
    """Filtered before it is cut: the newest runs are those of the hidden model."""
    everything = asked(client, house, "/api/v1/runs", "administrator")["items"]
    assert everything[0]["model"] == HIDDEN
    page = asked(client, house, "/api/v1/runs", params={"limit": 2})
    assert [one["model"] for one in page["items"]] == [SEEN, SEEN]


def test_models_and_corpora_are_those_that_one_sees(client: TestClient, house: House) -> None:
    assert [one["name"] for one in asked(client, house, "/api/v1/models")] == [SEEN]
    assert [one["name"] for one in asked(client, house, "/api/v1/corpora")] == [CORPUS]
    both = asked(client, house, "/api/v1/corpora", "administrator")
    assert {one["name"] for one in both} == {CORPUS, "secret-corpus"}
    assert asked(client, house, "/api/v1/models", "outsider") == []
    assert asked(client, house, "/api/v1/corpora", "outsider") == []


@pytest.mark.parametrize("path", ["/", "/jobs", "/jobs/running", "/corpora", "/lists", "/search"])
def test_pages_that_span_models_do_not_name_what_is_hidden(
    client: TestClient, house: House, path: str
) -> None:
    page = client.get(path, headers=house.credentials["owner"])
    assert page.status_code == 200
    assert HIDDEN not in page.text
    assert "secret-corpus" not in page.text


def test_typing_the_name_of_a_hidden_model_leads_nowhere(client: TestClient, house: House) -> None:
    headers = house.credentials["owner"]
    told = [
        client.get("/jump", params={"to": name}, headers=headers) for name in (HIDDEN, "nobodys-2")
    ]
    assert [one.status_code for one in told] == [422, 422]
    assert client.get("/jump", params={"to": SEEN}, headers=headers).status_code == 303


def test_search_finds_units_of_models_that_one_sees(client: TestClient, house: House) -> None:
    everything = asked(client, house, "/api/v1/search", "administrator", params={"q": WORD})
    assert {one["model"] for one in everything["items"]} == {SEEN, HIDDEN}
    mine = asked(client, house, "/api/v1/search", params={"q": WORD})
    assert {one["model"] for one in mine["items"]} == {SEEN}
    one = asked(client, house, "/api/v1/search", "administrator", params={"q": WORD, "model": SEEN})
    assert [(u["site"], u["index"]) for u in mine["items"]] == [
        (u["site"], u["index"]) for u in one["items"]
    ]
    none = asked(client, house, "/api/v1/search", "outsider", params={"q": WORD})
    assert none["items"] == []
    assert none["note"].startswith("No explanation and no token has these words")


def test_search_by_meaning_looks_only_at_what_one_sees(app: FastAPI, house: House) -> None:
    vector = np.zeros(8, np.float32)
    vector[0] = 1.0
    ids = [int(of["explanation"]) for of in house.subjects]
    with open_session(app.state.engine, commit=True) as session:
        write_vectors(session.connection(), ids, np.stack([vector, vector]))
        found = {
            models: {
                one.model
                for one in search(session, query="nowhere", vector=vector, models=models).items
            }
            for models in (None, frozenset({SEEN}), frozenset())
        }
        session.rollback()
    assert found == {None: {SEEN, HIDDEN}, frozenset({SEEN}): {SEEN}, frozenset(): set()}


def test_compatible_search_of_all_is_of_all_that_one_sees(
    client: TestClient, house: House, app: FastAPI
) -> None:
    body = {"query": WORD}
    mine = asked(client, house, "/api/explanation/search-all", json=body)
    assert {one["modelId"] for one in mine["results"]} == {SEEN}
    none = asked(client, house, "/api/explanation/search-all", "outsider", json=body)
    assert (none["results"], none["hasMore"]) == ([], False)
    with open_session(app.state.engine) as session:
        lines, _ = search_explanations(session, query=WORD, models=[SEEN], limit=200)
    assert {line.model for line in lines} == {SEEN}


def test_a_list_of_several_models_shows_and_counts_what_one_sees(
    client: TestClient, house: House, mixed: tuple[str, str]
) -> None:
    path = f"/api/v1/lists/{mixed[0]}"
    assert [one["model"] for one in asked(client, house, path, "administrator")["entries"]] == [
        SEEN, HIDDEN,
    ]  # fmt: skip
    mine = asked(client, house, path)
    assert [one["model"] for one in mine["entries"]] == [SEEN]
    assert mine["n_entries"] == 1
    lines = asked(client, house, "/api/v1/lists")["items"]
    assert {line["slug"]: line["n_entries"] for line in lines} == {
        mixed[0]: 1, house.subjects[0]["list"]: 1,
    }  # fmt: skip
    neurons = asked(client, house, "/api/list/get", json={"listId": mixed[0]})["neurons"]
    assert [one["modelId"] for one in neurons] == [SEEN]


def test_whoever_changes_a_list_is_shown_of_it_what_they_see(
    client: TestClient, house: House, mixed: tuple[str, str]
) -> None:
    path, headers = f"/api/v1/lists/{mixed[0]}", house.credentials["owner"]
    answer = client.patch(path, json={"description": "of models"}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert [one["model"] for one in answer.json()["entries"]] == [SEEN]
    assert answer.json()["n_entries"] == 1


def test_a_list_of_hidden_units_alone_is_hidden(
    client: TestClient, house: House, mixed: tuple[str, str]
) -> None:
    headers = house.credentials["owner"]
    assert client.get(f"/api/v1/lists/{mixed[1]}", headers=headers).status_code == 404
    assert client.get(f"/lists/{mixed[1]}", headers=headers).status_code == 404


def test_units_of_a_hidden_model_cannot_be_put_into_a_list(
    client: TestClient, house: House, mixed: tuple[str, str]
) -> None:
    told = []
    for model in (HIDDEN, "synthetic-3"):
        body = {"units": [{"model": model, "site": "mlp.0", "index": 2}]}
        answer = client.post(
            f"/api/v1/lists/{mixed[0]}/units", json=body, headers=house.credentials["owner"]
        )
        told.append((answer.status_code, answer.json()["detail"].replace(model, "")))
        sent = {"modelId": model, "layer": "0-mlp", "index": 2}
        body = {"listId": mixed[0], "featuresToAdd": [sent]}
        answer = client.post(
            "/api/list/add-features", json=body, headers=house.credentials["owner"]
        )
        told.append((answer.status_code, answer.json()["detail"].replace(model, "")))
    assert set(told) == {(404, "There is no model ''.")}


def test_a_comparison_with_a_circuit_of_a_hidden_model_is_refused(
    client: TestClient, house: House
) -> None:
    path = f"/m/{SEEN}/circuits/names/compare"
    headers = house.credentials["owner"]
    statuses = [
        client.get(path, params={"with": other}, headers=headers).status_code
        for other in (f"{HIDDEN}/names", "synthetic-3/names", f"{SEEN}/names-again", "names-again")
    ]
    assert statuses == [404, 404, 200, 200]


@pytest.mark.parametrize("name", ["experiment", "window"])
def test_the_playground_does_not_tell_whose_an_experiment_or_run_is(
    client: TestClient, house: House, name: str
) -> None:
    subject = house.subjects[1]["experiment" if name == "experiment" else "run"]
    value = subject if name == "experiment" else f"{subject}:1"
    answer = client.get(
        f"/m/{SEEN}/playground", params={name: value}, headers=house.credentials["owner"]
    )
    assert answer.status_code == 404
    assert HIDDEN not in answer.text


def test_a_job_cannot_name_a_run_or_corpus_that_is_hidden(client: TestClient, house: House) -> None:
    headers = house.credentials["owner"]
    hidden = house.subjects[1]
    jobs: list[dict[str, Any]] = [
        {"kind": "sweep", "model": SEEN, "corpus": "secret-corpus"},
        {"kind": "sweep", "model": SEEN, "corpus": "no-such"},
        {"kind": "relate", "model": SEEN, "run_id": int(hidden["run"])},
        {"kind": "relate", "model": SEEN, "run_id": 987654321},
    ]
    told = [client.post("/api/v1/jobs", json=job, headers=headers) for job in jobs]
    assert [one.status_code for one in told] == [404] * 4
    assert all(HIDDEN not in one.text for one in told)
    form = {"model": SEEN, "corpus": "secret-corpus"}
    assert client.post("/jobs", data=form, headers=headers).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/jobs/{}", "/jobs/{}"])
def test_a_job_that_waits_does_not_tell_what_workers_do_for_a_hidden_model(
    client: TestClient, house: House, app: FastAPI, path: str
) -> None:
    mine, others = (of["job"] for of in house.subjects)
    later = datetime.now(UTC) + timedelta(hours=1)
    with open_session(app.state.engine, commit=True) as session:
        row = session.get_one(JobTable, mine)
        row.status, row.finished_at = "queued", None
        busy = session.get_one(JobTable, others)
        busy.status, busy.lease_until, busy.started_at = "running", later, datetime.now(UTC)
    pages = {
        person: client.get(path.format(mine), headers=house.credentials[person]).text
        for person in ("owner", "administrator")
    }
    assert others in pages["administrator"]
    assert others not in pages["owner"]
    with open_session(app.state.engine, commit=True) as session:
        for job in (mine, others):
            session.get_one(JobTable, job).status = "cancelled"


def test_only_who_sees_every_model_is_told_what_the_service_is_stuck_on(
    client: TestClient, house: House, app: FastAPI
) -> None:
    app.dependency_overrides[get_inference_state] = lambda: State("stuck", f"on {HIDDEN}")
    told = {
        person: client.get("/readyz", headers=house.credentials[person]).json()
        for person in ("nobody", "owner", "administrator")
    }
    del app.dependency_overrides[get_inference_state]
    assert {person: one["inference"] for person, one in told.items()} == dict.fromkeys(
        told, "stuck"
    )
    assert [person for person, one in told.items() if "inference_detail" in one] == [
        "administrator"
    ]


def test_the_local_owner_sees_every_model() -> None:
    assert Actor(name="local owner").sees is None
