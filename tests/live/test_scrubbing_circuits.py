"""What units of a stored circuit carry, asked over REST of the loaded model."""

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

MODEL = "/api/v1/models/chain"
CIRCUIT = f"{MODEL}/circuits/found"


def claim(feature, index=0):
    return {"units": [{"site": "mlp.0", "index": index}], "feature": feature}


@pytest.fixture(scope="module")
def causal(chain):
    _, planted = chain
    return [{"site": node.site, "index": node.index} for node in sorted(planted.causal)]


def last_of(planted):
    return f"token {len(planted.pairs[0].clean) - 1}"


def test_a_true_claim_of_ones_own_is_told_beside_what_it_is_held_against(client, chain, causal):
    true = {"units": causal[:1], "feature": last_of(chain[1])}
    answered = client.post(f"{CIRCUIT}/scrub", json={"claims": [true], "prompts": "finding"})
    assert answered.status_code == 200, answered.text
    told = answered.json()
    assert told["recovered"]["value"] == pytest.approx(told["everything"]["value"], abs=0.05)
    assert told["recovered"]["value"] > told["nothing"]["value"] + 0.2
    assert told["verdict"].startswith("The claim explains")
    assert (told["prompts"], told["others"], told["seed"]) == ("finding", "keep", 5)
    assert (told["n_claimed"], told["n_kept"]) == (1, len(chain[0].kept))


def test_held_out_prompts_are_asked_about_unless_others_are_named(client, causal):
    asked = {"claims": [{"units": causal[:1], "feature": "side"}]}
    told = client.post(f"{CIRCUIT}/scrub", json=asked).json()
    assert told["prompts"] == "held_out"
    found = client.get(f"{CIRCUIT}/features").json()
    assert (found["prompts"], found["n_prompts"]) == ("held_out", told["n_prompts"])


def test_the_circuit_and_the_seed_may_be_ones_own(client, causal):
    asked = {
        "claims": [{"units": causal[:1], "feature": "side"}],
        "units": causal[:2],
        "seed": 9,
        "others": "nothing",
    }
    told = client.post(f"{CIRCUIT}/scrub", json=asked).json()
    assert (told["n_kept"], told["seed"], told["others"]) == (2, 9, "nothing")


def test_what_may_be_claimed_is_what_the_prompts_share(client, chain):
    told = client.get(f"{CIRCUIT}/features", params={"prompts": "finding"}).json()
    features = {each["feature"]: each for each in told["features"]}
    assert list(features)[:4] == ["answer", "template", "first word", "side"]
    assert features["first word"]["text"] == "the first of the words that the pair was made of"
    assert features["first word"]["here"].startswith("word ")
    assert features["template"] == {
        "feature": "template",
        "text": "which sentence it is",
        "here": None,
        "n_values": 1,
        "n_alone": 0,
        "testable": False,
    }
    last = features[last_of(chain[1])]
    assert last["text"] == f"which token is at {last['feature'].removeprefix('token ')}"
    assert (last["testable"], last["n_values"] > 1) == (True, True)


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize(
    ("path", "claims", "status", "told"),
    [
        ("found", [], 422, ""),
        ("found", [{"units": [], "feature": "side"}], 422, ""),
        ("found", [claim("colour")], 422, ""),
        ("found", [claim("side")] * 17, 422, ""),
        ("found", [claim("side"), claim("answer")], 422, "claims 1 and 2"),
        ("found", [claim("side", index=9999)], 422, "mlp.0/9999"),
        ("none", [claim("side")], 404, "no circuit"),
        ("brought", [claim("side")], 409, "no task"),
    ],
)
def test_what_cannot_be_tested_is_a_problem_that_says_why(client, path, claims, status, told):
    answered = client.post(f"{MODEL}/circuits/{path}/scrub", json={"claims": claims})
    assert (answered.status_code, told in answered.text) == (status, True), answered.text
    assert answered.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("chain")
def test_a_unit_outside_the_circuit_is_refused_with_what_to_do(client, causal):
    asked = {"claims": [{"units": causal[:1], "feature": "side"}], "units": causal[1:]}
    answered = client.post(f"{CIRCUIT}/scrub", json=asked)
    assert (answered.status_code, "not among the units" in answered.text) == (422, True)
    assert answered.json()["hint"]


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize(("slug", "status"), [("none", 404), ("brought", 409)])
def test_where_there_is_no_task_nothing_may_be_claimed(client, slug, status):
    assert client.get(f"{MODEL}/circuits/{slug}/features").status_code == status


@pytest.mark.usefixtures("chain")
def test_without_the_service_it_is_said_to_be_away(live):
    app = create_app(Settings(data=live.settings.data, log_level="error"))
    with TestClient(app) as client:
        asked = {"claims": [claim("side")]}
        answered = client.post(f"{CIRCUIT}/scrub", json=asked)
        features = client.get(f"{CIRCUIT}/features")
    assert (answered.status_code, "not running" in answered.text) == (503, True)
    assert features.status_code == 200
