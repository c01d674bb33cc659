"""Steering vectors over REST."""

import pytest

from app.store.engine import open_session
from tests.store import rows

VECTORS = "/api/v1/models/toy/vectors"
BODY = {"site": "resid.1", "label": "calm", "values": [0.5, -1, 2, 0.25]}


@pytest.fixture
def toy(empty_app, empty):
    with open_session(empty_app.state.engine, commit=True) as session:
        model = rows.model()
        model.facts, model.n_layers = {"d_model": 4}, 3
        session.add(model)
    return empty


def test_a_vector_is_kept_read_listed_and_deleted(toy):
    made = toy.post(VECTORS, json=BODY | {"default_strength": 4})
    assert made.status_code == 201
    assert toy.get(made.headers["location"]).json() == made.json()
    assert made.json()["actor"] == "local owner"
    (line,) = toy.get(VECTORS, params={"site": "resid.1"}).json()["items"]
    assert "values" not in line
    assert (line["label"], line["default_strength"]) == ("calm", 4)
    assert toy.get(VECTORS, params={"site": "resid.0"}).json()["items"] == []
    assert toy.delete(made.headers["location"]).json() == {"deleted": str(line["index"])}
    assert toy.get(made.headers["location"]).status_code == 404
    assert toy.delete(made.headers["location"]).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": [1.0, 2.0]}, {"values": []}, {"values": [True, 1, 2, 3]}, {"values": "1234"},
        {"values": [1e39, 0, 0, 0]}, {"site": "mlp.0"}, {"label": ""}, {"label": "  "},
        {"default_strength": 1e7}, {"strength": 1},
    ],
)  # fmt: skip
def test_what_is_no_vector_of_the_model_is_refused(toy, wrong):
    refused = toy.post(VECTORS, json=BODY | wrong)
    assert refused.status_code == 422
    assert toy.get(VECTORS).json()["items"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(toy, number):
    body = f'{{"site": "resid.1", "label": "calm", "values": [1, 2, 3, {number}]}}'
    refused = toy.post(VECTORS, content=body, headers={"content-type": "application/json"})
    assert refused.status_code == 422


def test_a_wrong_length_is_told_with_both_numbers(toy):
    detail = toy.post(VECTORS, json=BODY | {"values": [1.0, 2.0]}).json()["detail"]
    assert "2 numbers" in detail
    assert "has 4" in detail


def test_a_layer_or_model_that_is_not_there_is_not_found(toy):
    assert toy.post(VECTORS, json=BODY | {"site": "resid.3"}).status_code == 404
    assert toy.post("/api/v1/models/none/vectors", json=BODY).status_code == 404
    assert toy.get("/api/v1/models/none/vectors").status_code == 404
