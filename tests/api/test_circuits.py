"""Circuits over REST."""

import pytest

from app.store.engine import open_session
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task
from tests.store import rows
from tests.store.circuits import elsewhere, found, generated, graph, proof

CIRCUITS = "/api/v1/models/toy/circuits"
HEAD = "/api/v1/models/toy/sites/attn.0/units/1/circuits"


@pytest.fixture
def toy(empty_app, empty):
    """A client of a store with two circuits: one found and proved, one imported."""
    with open_session(empty_app.state.engine, commit=True) as session:
        model = rows.model()
        model.tokenizer_sha256 = "0" * 64
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.site(model.id, "attn.0", 2)])
        session.add(rows.run(model.id, "circuit"))
        session.flush()
        task = keep_task(session, model="toy", task=generated(), actor="me").slug
        keep_circuit(
            session, model="toy", circuit=found(), actor="me", task=task, run_id=1, slug="found"
        )
        keep_proof(session, model="toy", slug="found", proof=proof(), run_id=1)
        keep_circuit(
            session, model="toy", circuit=elsewhere(), actor="me", slug="brought", file="a.json"
        )
    return empty


def slugs(toy, **params) -> list[str]:
    return [line["slug"] for line in toy.get(CIRCUITS, params=params).json()["items"]]


def test_circuits_are_listed_newest_first_and_filtered(toy):
    assert slugs(toy) == ["brought", "found"]
    assert slugs(toy, task="pronouns-2") == ["found"]
    assert slugs(toy, origin="imported") == ["brought"]
    line = toy.get(CIRCUITS, params={"origin": "found"}).json()["items"][0]
    assert (line["faithfulness"], line["random"], line["proved_on"]) == (0.9, 0.05, "held_out")
    assert (line["n_nodes"], line["n_links"], line["n_units"]) == (5, 2, 2)
    first = toy.get(CIRCUITS, params={"limit": 1}).json()
    assert slugs(toy, limit=1, cursor=first["next_cursor"]) == ["found"]
    assert toy.get(CIRCUITS, params={"task": "none"}).status_code == 404


def test_a_circuit_is_answered_with_graph_task_and_proofs(toy):
    view = toy.get(f"{CIRCUITS}/found").json()
    assert view["circuit"] == found().model_dump(mode="json")
    assert view["on"]["slug"] == view["task"] == "pronouns-2"
    assert view["proofs"][0]["proof"] == proof().model_dump(mode="json")
    assert toy.get(f"{CIRCUITS}/found/proofs").json() == view["proofs"]
    assert toy.get(f"{CIRCUITS}/found/graph").json() == graph().model_dump(mode="json")
    brought = toy.get(f"{CIRCUITS}/brought").json()
    assert (brought["on"], brought["proofs"], brought["file"]) == (None, [], "a.json")


def test_what_did_not_change_is_not_sent_again(toy):
    for path in (f"{CIRCUITS}/found", f"{CIRCUITS}/found/graph"):
        tag = toy.get(path).headers["etag"]
        assert toy.get(path, headers={"if-none-match": tag}).status_code == 304


def test_a_unit_is_answered_with_its_circuits(toy):
    found_in, _ = toy.get(HEAD).json()["items"][::-1]
    assert (found_in["slug"], found_in["effect"], found_in["exact"], found_in["rank"]) == (
        "found", 0.75, 1.25, 1,
    )  # fmt: skip
    assert toy.get(HEAD.replace("units/1", "units/0")).json()["items"] == []
    assert toy.get(HEAD.replace("units/1", "units/2")).status_code == 404


def test_a_circuit_is_renamed_and_keeps_its_address(toy):
    answer = toy.patch(f"{CIRCUITS}/found", json={"title": " Who is <b>meant</b> "})
    assert answer.status_code == 200
    assert (answer.json()["title"], answer.json()["slug"]) == ("Who is <b>meant</b>", "found")
    assert "circuit" not in answer.json()
    assert toy.get(f"{CIRCUITS}/found").json()["title"] == "Who is <b>meant</b>"


@pytest.mark.parametrize(
    "wrong", [{}, {"title": ""}, {"title": "  "}, {"title": "x" * 201}, {"title": 1},
              {"title": "a", "slug": "b"}],
)  # fmt: skip
def test_what_is_no_title_is_refused(toy, wrong):
    assert toy.patch(f"{CIRCUITS}/found", json=wrong).status_code == 422
    assert toy.get(f"{CIRCUITS}/found").json()["title"] == "pronouns-2"


def test_a_deleted_circuit_is_gone_and_its_task_stays(toy):
    assert toy.delete(f"{CIRCUITS}/found").json() == {"deleted": "found"}
    assert toy.get(f"{CIRCUITS}/found").status_code == 404
    assert toy.delete(f"{CIRCUITS}/found").status_code == 404
    assert toy.get("/api/v1/models/toy/tasks/pronouns-2").json()["n_circuits"] == 0
    assert [line["slug"] for line in toy.get(HEAD).json()["items"]] == ["brought"]


def test_what_is_missing_is_not_found(toy):
    for path in ("none", "none/graph", "none/proofs"):
        assert toy.get(f"{CIRCUITS}/{path}").status_code == 404
    assert toy.patch(f"{CIRCUITS}/none", json={"title": "a"}).status_code == 404
    assert toy.get("/api/v1/models/none/circuits").status_code == 404
    assert toy.get(f"{CIRCUITS}/a.b").status_code == 422


def test_runs_of_circuits_are_listed_where_they_are_asked_for(toy):
    (run,) = toy.get("/api/v1/runs", params={"kind": "circuit"}).json()["items"]
    assert run["id"] == 1
