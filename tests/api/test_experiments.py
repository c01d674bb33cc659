"""Experiments over REST: listed, read, named, forked, deleted, exported."""

import pytest

from app.store.engine import open_session
from app.store.experimenting import create_experiment
from tests.store import rows
from tests.store.experiments import HALVE, conducted

LIST = "/api/v1/models/toy/experiments"


@pytest.fixture
def toy(empty_app, empty):
    """A client of a store with a model and two experiments, of which the second has a name."""
    with open_session(empty_app.state.engine, commit=True) as session:
        session.add(rows.model())
        session.flush()
        for text, name in (("The cat sat", None), ("The dog sat", "Dogs")):
            create_experiment(
                session, model="toy", conducted=conducted(text), actor="local owner", name=name
            )
    return empty


def slugs(client, **params):
    return [one["slug"] for one in client.get(LIST, params=params).json()["items"]]


def test_experiments_are_listed_newest_first_and_filtered(toy):
    page = toy.get(LIST).json()
    assert [one["prompt"] for one in page["items"]] == ["The dog sat", "The cat sat"]
    assert page["items"][0]["places"] == ["mlp.0/3"]
    dogs, cat = slugs(toy)
    assert slugs(toy, named=True) == slugs(toy, text="DOG") == [dogs]
    assert slugs(toy, actor="local owner", kind="experiment") == [dogs, cat]
    assert slugs(toy, actor="somebody") == slugs(toy, kind="edit_sweep") == []
    first = toy.get(LIST, params={"limit": 1}).json()
    rest = toy.get(LIST, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [one["slug"] for one in rest["items"]] == [cat]
    assert rest["next_cursor"] is None


def test_an_experiment_is_read_whole(toy):
    slug = slugs(toy)[0]
    view = toy.get(f"/api/v1/experiments/{slug}").json()
    assert view["request"] == conducted("The dog sat").request
    assert view["answer"]["positions"][0]["kl"] == 0.125
    run = toy.get(f"/api/v1/runs/{view['run_id']}").json()
    assert run["parameters"]["experiment"] == slug


def test_runs_of_experiments_are_listed_where_they_are_asked_for(toy):
    assert toy.get("/api/v1/runs").json()["items"] == []
    found = toy.get("/api/v1/runs", params={"kind": "experiment"}).json()["items"]
    assert len(found) == 2


def test_a_name_is_given_and_taken_and_what_is_left_out_stays(toy):
    path = f"/api/v1/experiments/{slugs(toy)[0]}"
    assert toy.patch(path, json={"note": "Why?"}).json()["name"] == "Dogs"
    view = toy.patch(path, json={"name": None}).json()
    assert (view["name"], view["note"]) == (None, "Why?")
    assert toy.patch(path, json={"title": "x"}).status_code == 422
    assert toy.patch(path, json={"name": "x" * 201}).status_code == 422


def test_a_fork_outlives_its_parent(toy):
    slug = slugs(toy)[0]
    made = toy.post(f"/api/v1/experiments/{slug}/fork", json={"name": "Mine"})
    assert made.status_code == 201
    assert (made.json()["parent"], made.json()["name"]) == (slug, "Mine")
    assert toy.get(f"/api/v1/experiments/{slug}").json()["forks"] == [made.json()["slug"]]
    assert toy.delete(f"/api/v1/experiments/{slug}").json() == {"deleted": slug}
    assert toy.get(f"/api/v1/experiments/{slug}").status_code == 404
    assert toy.get(made.headers["location"]).json()["parent"] is None
    assert toy.post(f"{made.headers['location']}/fork").status_code == 201


def test_a_script_is_sent_as_a_file_and_refused_of_a_plain_model(toy, empty_app):
    path = f"/api/v1/experiments/{slugs(toy)[0]}/script"
    refused = toy.get(path)
    assert refused.status_code == 409
    assert "transformers cannot load" in refused.json()["detail"]
    with open_session(empty_app.state.engine, commit=True) as session:
        model = rows.model("gpt")
        model.architecture, model.facts = "gpt2", {"causal": True, "d_head": 6}
        session.add(model)
        session.flush()
        made = create_experiment(
            session, model="gpt", conducted=conducted(edits=(HALVE,)), actor="me"
        )
    sent = toy.get(f"/api/v1/experiments/{made.slug}/script")
    assert sent.headers["content-type"] == "text/x-python; charset=utf-8"
    assert sent.headers["content-disposition"] == (
        f'attachment; filename="experiment-{made.slug}.py"'
    )
    compile(sent.text, "script", "exec")


def test_what_is_not_there_is_not_found(toy):
    for path in ("x" * 12, f"{'x' * 12}/script"):
        assert toy.get(f"/api/v1/experiments/{path}").status_code == 404
    assert toy.delete(f"/api/v1/experiments/{'x' * 12}").status_code == 404
    assert toy.get("/api/v1/experiments/short").status_code == 422
    assert toy.get("/api/v1/models/none/experiments").status_code == 404
    assert toy.get(LIST, params={"sort": "kl"}).status_code == 422
