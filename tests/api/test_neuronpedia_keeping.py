"""Vectors and lists by their unmodified client, over a real connection; and by hand."""

import neuronpedia
import pytest
import requests
from neuronpedia.np_list import NPList, NPListItem
from neuronpedia.np_vector import NPVector
from neuronpedia.requests.base_request import NPRequest

from app.store.engine import open_session
from tests.store import rows

VALUES = [0.5, -1.0, 2.0, 0.25]
NEW = {
    "modelId": "toy", "layerNumber": 2, "hookType": "hook_resid_post", "vector": VALUES,
    "vectorLabel": "calm", "vectorDefaultSteerStrength": 10,
}  # fmt: skip


@pytest.fixture
def toy(empty_app, empty):
    with open_session(empty_app.state.engine, commit=True) as session:
        model = rows.model()
        model.facts, model.n_layers = {"d_model": 4}, 3
        session.add(model)
        session.flush()
        session.add(rows.site(model.id))
    return empty


@pytest.fixture
def _their_client(toy, empty_url, monkeypatch):  # noqa: ARG001 - fills the store
    monkeypatch.setattr(NPRequest, "BASE_URL", f"{empty_url}/api")
    with neuronpedia.api_key("any-key-will-do"):
        yield


def their_vector(layer: int = 2, hook: str = "hook_resid_post") -> NPVector:
    return NPVector.new(
        label="calm", model_id="toy", layer_num=layer, hook_type=hook, vector=VALUES,
        default_steer_strength=12.5,
    )  # fmt: skip


@pytest.mark.usefixtures("_their_client")
def test_their_client_keeps_finds_and_deletes_a_vector():
    made = their_vector()
    assert (made.source, made.hook_name) == ("2-resid", "blocks.2.hook_resid_post")
    assert (made.values, made.default_steer_strength) == (VALUES, 12.5)
    assert NPVector.get("toy", made.source, made.index) == made
    assert NPVector.get_owned() == [made]
    with neuronpedia.api_key("k"):
        assert requests.get(made.url, timeout=10).json()["values"] == VALUES
    made.delete()
    assert NPVector.get_owned() == []
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        NPVector.get("toy", made.source, made.index)


@pytest.mark.usefixtures("_their_client")
def test_before_a_layer_is_after_the_one_before():
    made = their_vector(2, "hook_resid_pre")
    assert (made.source, made.hook_name) == ("1-resid", "blocks.1.hook_resid_post")
    assert NPVector.get("toy", "blocks.2.hook_resid_pre", made.index) == made
    assert NPVector.get("toy", "blocks.1.hook_resid_post", made.index) == made
    assert NPVector.get("toy", "resid.1", made.index) == made


@pytest.mark.usefixtures("_their_client")
def test_their_client_is_told_that_the_embedding_cannot_be_steered():
    with pytest.raises(requests.exceptions.HTTPError, match="the embedding"):
        their_vector(0, "hook_resid_pre")


@pytest.mark.usefixtures("_their_client")
def test_their_client_makes_fills_and_reads_a_list():
    made = NPList.new("Animals", "What barks")
    made.add_items([NPListItem("toy", "0-mlp", "5", "a dog"), NPListItem("toy", "0-mlp", "2")])
    assert [(one.source, one.index) for one in made.items] == [("0-mlp", "5"), ("0-mlp", "2")]
    found = NPList.get(made.id)
    assert (found.name, found.description) == ("Animals", "What barks")
    assert found.items == made.items
    (owned,) = NPList.get_owned()
    assert (owned.id, owned.name, owned.description) == (made.id, "Animals", "What barks")


@pytest.mark.usefixtures("_their_client")
def test_their_client_is_told_that_a_list_or_unit_is_missing():
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        NPList.get("x" * 12)
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        NPList.new("Animals").add_items([NPListItem("toy", "0-mlp", "8")])


def test_both_slash_forms_answer_without_a_redirect(toy):
    for slash in ("", "/"):
        made = toy.post(f"/api/vector/new{slash}", json=NEW, follow_redirects=False)
        assert made.status_code == 200
        name = {"modelId": "toy", "source": "2-resid", "index": made.json()["vector"]["index"]}
        for call, body in (
            ("vector/get", name), ("vector/list-owned", None), ("vector/delete", name),
        ):  # fmt: skip
            sent = toy.post(f"/api/{call}{slash}", json=body, follow_redirects=False)
            assert sent.status_code == 200, call
        made = toy.post(f"/api/list/new{slash}", json={"name": "A"}, follow_redirects=False)
        unit = {"modelId": "toy", "layer": "mlp.0", "index": 3}
        for call, body in (
            ("list/add-features", {"listId": made.json()["id"], "featuresToAdd": [unit]}),
            ("list/get", {"listId": made.json()["id"]}),
            ("list/list", None),
        ):
            sent = toy.post(f"/api/{call}{slash}", json=body, follow_redirects=False)
            assert sent.status_code == 200, call


def test_shapes_are_those_that_clients_know(toy):
    vector = toy.post("/api/vector/new", json=NEW).json()["vector"]
    assert vector == {
        "modelId": "toy", "source": "2-resid", "index": "1", "label": "calm", "values": VALUES,
        "hookName": "blocks.2.hook_resid_post", "defaultSteerStrength": 10,
    }  # fmt: skip
    found = {
        "modelId": "toy", "layer": "2-resid", "index": "1", "vectorLabel": "calm",
        "hookName": "blocks.2.hook_resid_post", "vector": VALUES, "vectorDefaultSteerStrength": 10,
    }  # fmt: skip
    name = {"modelId": "toy", "source": "2-resid", "index": 1}
    assert toy.post("/api/vector/get", json=name).json() == {"vector": found}
    assert toy.post("/api/vector/list-owned").json() == {"vectors": [found]}
    made = toy.post("/api/list/new", json={"name": "A", "description": ""}).json()
    assert made.keys() == {"id", "name", "description"}
    assert toy.post("/api/list/list").json() == [made]
    assert toy.post("/api/list/get", json={"listId": made["id"]}).json() == made | {"neurons": []}


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"vector": [1.0]}, 422), ({"vector": [True, 1, 2, 3]}, 422), ({"layerNumber": 3}, 404),
        ({"layerNumber": True}, 422), ({"hookType": "hook_mlp_out"}, 422), ({"modelId": "no"}, 404),
        ({"vectorLabel": ""}, 422), ({"vectorDefaultSteerStrength": 1e7}, 422),
    ],
)  # fmt: skip
def test_what_is_no_vector_is_refused(toy, wrong, status):
    assert toy.post("/api/vector/new", json=NEW | wrong).status_code == status
    assert toy.post("/api/vector/list-owned").json() == {"vectors": []}


UNIT = {"modelId": "toy", "layer": "0-mlp", "index": "3"}


def test_comments_are_sent_and_withdrawn_in_their_names(toy):
    said = toy.post("/api/comment/new", json=UNIT | {"text": "Months"}).json()
    assert {name: said[name] for name in UNIT} == UNIT
    assert (said["text"], said["userName"]) == ("Months", "local owner")
    ours = toy.get("/api/v1/models/toy/sites/mlp.0/units/3/comments").json()
    assert ours["threads"][0]["text"] == "Months"
    assert toy.post("/api/comment/delete/", json={"id": said["id"]}).json() == {"message": "ok"}
    assert toy.get(f"/api/v1/comments/{said['id']}").json()["text"] is None
    assert toy.post("/api/comment/delete", json={"id": "99"}).status_code == 404
    assert toy.post("/api/comment/new", json=UNIT | {"text": " "}).status_code == 422


def test_bookmarks_are_kept_and_removed_in_their_names(toy):
    made = toy.post("/api/bookmark/add", json=UNIT).json()
    assert toy.post("/api/bookmark/add/", json=UNIT).json() == made
    assert {name: made[name] for name in UNIT} == UNIT
    assert toy.post("/api/user/bookmarks", json={}).json() == [made]
    assert toy.post("/api/bookmark/delete", json=UNIT).json() == made
    assert toy.post("/api/bookmark/delete", json=UNIT).status_code == 404
    assert toy.post("/api/user/bookmarks").json() == []


def test_a_list_is_renamed_emptied_and_deleted_in_their_names(toy):
    made = toy.post("/api/list/new", json={"name": "A", "description": "why"}).json()
    named = {"listId": made["id"]}
    toy.post("/api/list/add-features", json=named | {"featuresToAdd": [UNIT]})
    changed = toy.post("/api/list/update", json=named | {"name": "B"}).json()
    assert changed == made | {"name": "B"}
    gone = toy.post("/api/list/remove", json=named | UNIT).json()
    assert {name: gone[name] for name in UNIT} == UNIT
    assert toy.post("/api/list/get", json=named).json()["neurons"] == []
    assert toy.post("/api/list/delete", json=named).json() is True
    assert toy.post("/api/list/get", json=named).status_code == 404
