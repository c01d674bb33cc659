"""Lists of units over REST."""

import pytest

from app.store.engine import open_session
from tests.store import rows

LISTS = "/api/v1/lists"
UNIT = {"model": "toy", "site": "mlp.0", "index": 5}


@pytest.fixture
def toy(empty_app, empty):
    """Two models with a site of eight neurons each."""
    with open_session(empty_app.state.engine, commit=True) as session:
        models = [rows.model(), rows.model("other")]
        session.add_all(models)
        session.flush()
        session.add_all(rows.site(model.id) for model in models)
    return empty


def make(client, **body) -> str:
    made = client.post(LISTS, json={"name": "Animals"} | body)
    assert made.status_code == 201
    return str(made.headers["location"])


def test_a_list_is_made_filled_emptied_and_deleted(toy):
    path = make(toy, description="What barks")
    units = [UNIT, UNIT | {"index": 2, "description": "a dog"}]
    filled = toy.post(f"{path}/units", json={"units": units}).json()
    assert [(one["index"], one["description"]) for one in filled["entries"]] == [
        (5, ""), (2, "a dog"),
    ]  # fmt: skip
    assert toy.get(path).json() == filled
    left = toy.delete(f"{path}/units/toy/mlp.0/5").json()
    assert [one["index"] for one in left["entries"]] == [2]
    assert toy.delete(f"{path}/units/toy/mlp.0/5").status_code == 404
    assert toy.delete(path).json() == {"deleted": path.rpartition("/")[2]}
    assert toy.get(path).status_code == 404


def test_lists_are_listed_newest_first_and_filtered(toy):
    first, second = make(toy, name="A"), make(toy, name="B", model="toy")
    names = [one["name"] for one in toy.get(LISTS).json()["items"]]
    assert names == ["B", "A"]
    of_model = toy.get(LISTS, params={"model": "toy", "actor": "local owner"}).json()["items"]
    assert [one["slug"] for one in of_model] == [second.rpartition("/")[2]]
    page = toy.get(LISTS, params={"limit": 1}).json()
    rest = toy.get(LISTS, params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert [one["slug"] for one in rest["items"]] == [first.rpartition("/")[2]]


@pytest.mark.parametrize(
    ("unit", "status"),
    [
        (UNIT | {"index": 8}, 404), (UNIT | {"site": "mlp.9"}, 404),
        (UNIT | {"model": "none"}, 404), (UNIT | {"model": "other"}, 409),
        (UNIT | {"index": True}, 422), (UNIT | {"index": "5"}, 422),
        (UNIT | {"site": "resid.0"}, 422), (UNIT | {"colour": "red"}, 422),
    ],
)  # fmt: skip
def test_what_cannot_be_in_the_list_is_refused(toy, unit, status):
    path = make(toy, model="toy")
    assert toy.post(f"{path}/units", json={"units": [UNIT, unit]}).status_code == status
    assert toy.get(path).json()["entries"] == []


def test_a_list_of_a_model_that_is_not_there_is_not_made(toy):
    assert toy.post(LISTS, json={"name": "x", "model": "none"}).status_code == 404
    assert toy.post(LISTS, json={"name": ""}).status_code == 422
    assert toy.get(LISTS).json()["items"] == []
