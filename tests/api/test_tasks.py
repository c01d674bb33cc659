"""Tasks over REST."""

import json

import pytest

from analysis.tasks.exporting import export_task
from app.store.engine import open_session
from app.store.tables import VocabularyTable
from app.store.writing_circuits import keep_circuit
from app.store.writing_tasks import keep_task
from tests.store import rows
from tests.store.circuits import found, generated, imported

TASKS = "/api/v1/models/toy/tasks"


@pytest.fixture
def toy(empty_app, empty):
    with open_session(empty_app.state.engine, commit=True) as session:
        model = rows.model()
        model.tokenizer_sha256 = "0" * 64
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.site(model.id, "attn.0", 2)])
        session.add(VocabularyTable(model_id=model.id, n_tokens=200, bos_token_id=None, tokens=b""))
    return empty


def body(task=None, **more):
    return {"task": (task or generated()).model_dump(mode="json"), **more}


def test_a_task_is_kept_read_listed_and_deleted(toy):
    made = toy.post(TASKS, json=body(imported(), slug="thanks"))
    assert made.status_code == 201
    assert made.headers["location"] == f"{TASKS}/thanks"
    assert toy.get(f"{TASKS}/thanks").json() == made.json()
    assert made.json()["task"] == imported().model_dump(mode="json")
    assert (made.json()["actor"], made.json()["n_circuits"]) == ("local owner", 0)
    (line,) = toy.get(TASKS).json()["items"]
    assert "task" not in line
    assert (line["slug"], line["metric"], line["n_pairs"]) == ("thanks", "kl", 2)
    assert toy.delete(f"{TASKS}/thanks").json() == {"deleted": "thanks"}
    assert toy.get(f"{TASKS}/thanks").status_code == 404
    assert toy.delete(f"{TASKS}/thanks").status_code == 404


def test_an_export_is_the_lines_that_are_imported(toy):
    toy.post(TASKS, json=body(imported(), slug="thanks"))
    sent = toy.get(f"{TASKS}/thanks/export")
    assert sent.content == export_task(imported())
    assert sent.headers["content-type"] == "application/jsonl"
    assert "thanks.jsonl" in sent.headers["content-disposition"]


def test_a_slug_that_is_taken_is_a_conflict_that_says_what_to_do(toy):
    assert toy.post(TASKS, json=body(slug="mine")).status_code == 201
    refused = toy.post(TASKS, json=body(generated(3), slug="mine"))
    assert refused.status_code == 409
    assert "Give another slug" in refused.json()["hint"]


@pytest.mark.parametrize("slug", ["", "a b", "a/b", "-a", "ä", "a\0", "<b>", "x" * 101, "pronouns"])
def test_a_slug_with_odd_characters_is_refused(toy, slug):
    assert toy.post(TASKS, json=body(slug=slug)).status_code == 422
    assert toy.get(TASKS).json()["items"] == []


def changed(**change):
    return body() | {"task": generated().model_dump(mode="json") | change}


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"task": {}}, {"task": None}, body(other=1),
        changed(pairs=[]),
        changed(metric={"kind": "own_tokens"}),
        changed(tokenizer_sha256="1" * 64),
        changed(pairs=[generated().pairs[0].model_dump(mode="json")] * 2),
        body(generated(101)),
    ],
    ids=["empty", "no task", "null", "surplus", "no pairs", "no tokens of its own",
         "of another tokenizer", "a pair twice", "token 200 of 200"],
)  # fmt: skip
def test_what_is_no_task_of_the_model_is_refused(toy, wrong):
    assert toy.post(TASKS, json=wrong).status_code == 422
    assert toy.get(TASKS).json()["items"] == []


def test_prompts_of_different_length_are_refused_with_both_lengths(toy):
    task = generated().model_dump(mode="json")
    task["pairs"][0]["clean"]["tokens"].append(9)
    refused = toy.post(TASKS, json={"task": task})
    assert refused.status_code == 422
    assert "has 6 tokens and the counterfactual 5" in json.dumps(refused.json())


def test_a_task_that_circuits_name_is_not_deleted(toy, empty_app):
    with open_session(empty_app.state.engine, commit=True) as session:
        slug = keep_task(session, model="toy", task=generated(), actor="me").slug
        keep_circuit(session, model="toy", circuit=found(), actor="me", task=slug, slug="mine")
    refused = toy.delete(f"{TASKS}/{slug}")
    assert refused.status_code == 409
    assert "mine" in refused.json()["detail"]
    assert "Delete the circuits first" in refused.json()["hint"]
    assert toy.get(f"{TASKS}/{slug}").json()["n_circuits"] == 1


def test_what_is_missing_is_not_found(toy):
    assert toy.get("/api/v1/models/none/tasks").status_code == 404
    assert toy.post("/api/v1/models/none/tasks", json=body()).status_code == 404
    for path in ("none", "none/export"):
        assert toy.get(f"{TASKS}/{path}").status_code == 404
    assert toy.get(f"{TASKS}/a.b").status_code == 422
