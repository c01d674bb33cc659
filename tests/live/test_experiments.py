"""Experiments over REST: run on the loaded model, kept, and what cannot be is refused clearly."""

import json

import numpy as np
import pytest

from analysis.protocol.arrays import digest_of
from app.store.engine import open_session
from app.store.queries.subject import read_moments

MODEL = "/api/v1/models/planted"
PROMPT = {"text": "the cat and the dog running"}
ZERO = {"site": "mlp.0", "index": 0, "operation": "zero"}


def run(client, **asked):
    return client.post(f"{MODEL}/experiments", json={"prompt": PROMPT, **asked})


def events(text):
    """Of a stream: name and data, in order."""
    parts = [part.split("\n") for part in text.strip().split("\n\n")]
    return [(name[7:], json.loads(data[6:])) for name, data in parts]


def test_an_experiment_is_run_and_found_again_under_its_permalink(client):
    answered = run(client, edits=[ZERO], seed=11)
    assert answered.status_code == 201, answered.text
    view = answered.json()
    assert answered.headers["location"] == f"/api/v1/experiments/{view['slug']}"
    assert client.get(f"/api/v1/experiments/{view['slug']}").json() == view
    assert len(view["answer"]["positions"]) == len(view["answer"]["tokens"]) == 7
    assert view["answer"]["control_units"][0][0].startswith("mlp.0/")
    assert view["run_id"]


def test_the_same_question_of_the_same_person_has_one_permalink(client):
    first, second = (run(client, edits=[ZERO], seed=12).json() for _ in range(2))
    assert first["slug"] == second["slug"]
    assert run(client, edits=[ZERO], seed=13).json()["slug"] != first["slug"]
    named = run(client, edits=[ZERO], seed=12, name="Again").json()
    assert (named["slug"] != first["slug"], named["name"]) == (True, "Again")


def test_a_fork_knows_what_it_was_made_of(client):
    first = run(client, edits=[ZERO], seed=14).json()
    fork = run(client, edits=[{**ZERO, "index": 1}], seed=14, parent=first["slug"]).json()
    assert fork["parent"] == first["slug"]


def test_changes_downstream_are_told_in_deviations_of_the_swept_statistics(live, client):
    edit = {**ZERO, "index": 23, "operation": "set", "value": 50.0}  # one that later layers read
    view = run(client, edits=[edit], seed=15).json()
    with open_session(live.app.state.engine) as session:
        moments = read_moments(session, run_id=1, digest_of=digest_of).table
    assert view["request"]["statistics"] == digest_of(moments)
    moved = view["answer"]["moved"][0]
    assert abs(moved["sigmas"]) > 1
    offset = {"mlp.0": 0, "attn.0": 32, "mlp.1": 34, "attn.1": 66}[moved["site"]]
    deviation = max(moments[offset + moved["index"], 1], 1e-6)
    change = (moved["after"] - moved["before"]) / deviation
    assert moved["sigmas"] == pytest.approx(change, rel=1e-3)


def test_a_neurons_mean_is_that_of_the_sweep_and_a_heads_that_of_reference_windows(live, client):
    view = run(client, edits=[{**ZERO, "operation": "mean"}], seed=16).json()
    with open_session(live.app.state.engine) as session:
        moments = read_moments(session, run_id=1, digest_of=digest_of).table
    assert view["answer"]["edits"][0]["give"][0][0] == pytest.approx(float(moments[0, 0]))
    assert view["request"]["reference"] is None
    head = run(client, edits=[{"site": "attn.0", "index": 0, "operation": "mean"}]).json()
    assert head["request"]["reference"]["label"] == "32 random windows of the fit split of run 1"


def test_statistics_have_a_row_per_unit_neurons_before_heads(live):
    with open_session(live.app.state.engine) as session:
        moments = read_moments(session, run_id=1, digest_of=digest_of).table
    assert moments.shape == (68, 2)
    assert (moments[:, 1] >= 0).all()
    assert np.isfinite(moments).all()


def test_continuations_are_streamed_and_kept_with_the_experiment(client):
    view = run(client, edits=[ZERO], seed=17).json()
    asked = {"n_tokens": 3, "control": True}
    answered = client.post(f"/api/v1/experiments/{view['slug']}/continuations", json=asked)
    assert answered.headers["content-type"].startswith("text/event-stream")
    found = events(answered.text)
    assert [name for name, _ in found] == ["token"] * 9 + ["experiment"]
    assert {data["which"] for name, data in found[:9]} == {"clean", "edited", "control"}
    kept = client.get(f"/api/v1/experiments/{view['slug']}").json()["continuations"]
    assert len(kept["tokens"]) == 9
    assert kept["end"]["reasons"]["clean"] == "length"


def test_nobody_can_put_other_words_under_an_experiment(client):
    view = run(client, edits=[ZERO], seed=18).json()
    address = f"/api/v1/experiments/{view['slug']}/continuations"
    forged = {"prompt": {"text": "the dog"}, "edits": [], "n_tokens": 2}
    assert client.post(address, json=forged).status_code == 422
    client.post(address, json={"n_tokens": 2})
    kept = client.get(f"/api/v1/experiments/{view['slug']}").json()["continuations"]
    assert kept["request"]["edits"] == view["request"]["edits"]


def test_a_generation_is_kept_by_itself(client):
    answered = client.post(
        f"{MODEL}/generations", json={"prompt": PROMPT, "n_tokens": 2, "name": "Two words"}
    )
    name, view = events(answered.text)[-1]
    assert (name, view["kind"], view["name"]) == ("experiment", "generation", "Two words")
    listed = client.get(f"{MODEL}/experiments", params={"kind": "generation"}).json()["items"]
    assert view["slug"] in [line["slug"] for line in listed]


def test_a_sweep_of_edits_tells_how_far_it_is_and_is_kept(client):
    asked = {"prompt": PROMPT, "sites": ["mlp.1"], "measured": {"metric": "loss"}}
    found = events(client.post(f"{MODEL}/edit-sweeps", json=asked).text)
    names = [name for name, _ in found]
    assert names[0] == "progress"
    assert names[-1] == "experiment"
    assert found[-2][1] == {"done": 32, "total": 32}
    answer = found[-1][1]["answer"]
    assert len(answer["rows"]) == 32
    assert all(row["effect"] is not None for row in answer["rows"])


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"prompt": {"text": ""}}, 422, "empty"),
        ({"prompt": {"text": "cat " * 200}}, 422, "context"),
        ({"prompt": {"text": "cat " * 100_000}}, 422, ""),
        ({"prompt": {"tokens": [999]}}, 422, "999"),
        ({"prompt": {"text": 7}}, 422, ""),
        ({"prompt": {"text": "cat \x00\ud83d"}}, 422, "unicode"),
        ({"edits": [{**ZERO, "site": "mlp.7"}]}, 422, "no site mlp.7"),
        ({"edits": [{**ZERO, "index": 99}]}, 422, "no unit mlp.0/99"),
        (
            {"edits": [{**ZERO, "positions": {"kind": "chosen", "chosen": [90]}}]},
            422,
            "position 90",
        ),
        ({"edits": [{**ZERO, "operation": "set", "value": 1e300}]}, 422, ""),
        ({"edits": [ZERO, {**ZERO, "operation": "mean"}]}, 422, "two edits"),
        (
            {
                "edits": [
                    {
                        "site": "resid.0",
                        "operation": "add",
                        "value": 1,
                        "direction": {"kind": "vector", "vector": [1, 2]},
                    }
                ]
            },
            422,
            "2 numbers",
        ),
        ({"surprise": 1}, 422, ""),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(client, asked, status, told):
    answered = client.post(
        f"{MODEL}/experiments",
        content=json.dumps({"prompt": PROMPT, **asked}).encode("utf-8", "surrogatepass"),
        headers={"content-type": "application/json"},
    )
    assert answered.status_code in (status, 413), answered.text
    assert told in answered.text
    assert answered.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_strengths_that_are_no_numbers_are_refused(client, value):
    body = '{"prompt":{"text":"cat"},"edits":[{"site":"mlp.0","index":0,"operation":"set",'
    answered = client.post(
        f"{MODEL}/experiments",
        content=body + f'"value":{value}' + "}]}",
        headers={"content-type": "application/json"},
    )
    assert answered.status_code in (400, 422)


def test_a_stream_that_cannot_begin_is_a_problem_and_no_stream(client):
    answered = client.post(f"{MODEL}/generations", json={"prompt": {"tokens": [999]}})
    assert answered.status_code == 422
    assert answered.headers["content-type"].startswith("application/problem+json")


def test_a_model_that_is_not_there(client):
    answered = client.post("/api/v1/models/nobody/experiments", json={"prompt": PROMPT})
    assert answered.status_code == 404
