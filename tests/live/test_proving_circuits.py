"""Circuits asked about on the loaded model: parts of them proved, units taken away."""

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from analysis.circuits.planted.asking import task_pairs
from analysis.tasks.prompting import VERSION
from app.main import create_app
from app.settings import Settings
from app.store.engine import open_session
from app.store.proving import MOST_CHOSEN
from app.store.queries.circuit import get_line
from app.store.tables import ProofTable, RunTable
from tests.pages.reading import words_of

MODEL = "/api/v1/models/chain"
CIRCUIT = f"{MODEL}/circuits/found"


def refs(found):
    return [found.units.ref(number).model_dump() for number in found.kept]


@pytest.mark.parametrize("prompts", ["held_out", "finding"])
def test_the_circuit_proved_again_has_the_numbers_of_its_search(client, chain, prompts):
    found, _ = chain
    stored = next(proof for proof in found.proofs if proof.prompts == prompts)
    answered = client.post(f"{CIRCUIT}/prove", json={"units": refs(found), "prompts": prompts})
    assert answered.status_code == 200, answered.text
    told = answered.json()
    for name in ("faithfulness", "completeness", "random", "whole", "empty"):
        assert told[name] == getattr(stored, name).model_dump(), name
    assert (told["n_units"], told["n_prompts"]) == (stored.n_kept, stored.n_prompts)
    assert (told["ablation"], told["prompts"], told["proof_id"]) == ("resample", prompts, None)


def test_fewer_numbers_and_another_ablation_are_answered_when_asked_for(client, chain):
    asked = {"units": refs(chain[0])[:1], "parts": ["faithfulness"], "ablation": "zero"}
    told = client.post(f"{CIRCUIT}/prove", json=asked).json()
    assert (told["completeness"], told["random"], told["ablation"]) == (None, None, "zero")
    assert told["faithfulness"]["value"] is not None


def test_a_kept_choice_is_a_proof_of_the_circuit_with_a_run_of_its_own(client, chain):
    units = refs(chain[0])[:2]
    before = client.get(CIRCUIT).json()
    asked = {"units": units, "keep": True, "parts": ["faithfulness"]}
    told = client.post(f"{CIRCUIT}/prove", json=asked).json()
    after = client.get(CIRCUIT).json()
    newest = after["proofs"][0]
    assert newest["id"] == told["proof_id"]
    assert newest["proof"]["faithfulness"] == told["faithfulness"]
    assert newest["proof"]["completeness"] == told["completeness"]
    assert {(one["site"], one["index"]) for one in newest["proof"]["units"]} == {
        (one["site"], one["index"]) for one in units
    }
    run = client.get(f"/api/v1/runs/{newest['run_id']}").json()
    assert (run["kind"], run["seed"], run["parameters"]["circuit"]) == ("proof", 5, "found")
    assert after["faithfulness"] == before["faithfulness"]
    assert "held-out, 2 chosen" in words_of(client.get("/m/chain/circuits/found").text)
    page = client.get(f"/m/chain/circuits/found?proof={told['proof_id']}")
    assert "Of 2 units that somebody chose" in words_of(page.text)


def test_the_same_choice_kept_again_takes_the_place_of_the_first(client, chain):
    asked = {"units": refs(chain[0])[:1], "keep": True}
    first = client.post(f"{CIRCUIT}/prove", json=asked).json()["proof_id"]
    second = client.post(f"{CIRCUIT}/prove", json=asked).json()["proof_id"]
    ids = [proof["id"] for proof in client.get(f"{CIRCUIT}/proofs").json()]
    assert (first in ids, second in ids) == (False, True)


def test_of_many_kept_choices_the_oldest_go_and_those_of_the_search_stay(live, client, chain):
    found, _ = chain
    every = [found.units.ref(number).model_dump() for number in range(len(found.units))]
    for n in range(MOST_CHOSEN + 2):
        client.post(f"{CIRCUIT}/prove", json={"units": every[: n + 5], "keep": True})
    with open_session(live.app.state.engine) as session:
        query = select(RunTable.kind, func.count()).join(ProofTable).group_by(RunTable.kind)
        assert dict(session.execute(query).all()) == {"proof": MOST_CHOSEN, "circuit": 2}


@pytest.mark.usefixtures("chain")
@pytest.mark.parametrize(
    ("path", "asked", "status", "told"),
    [
        ("found/prove", {"units": [{"site": "mlp.0", "index": 9999}]}, 422, "no unit mlp.0/9999"),
        ("found/prove", {"units": [{"site": "resid.0", "index": 1}]}, 422, ""),
        ("found/prove", {"units": [{"site": "mlp.0", "index": 0}] * 5001}, 422, ""),
        ("found/prove", {}, 422, ""),
        ("none/prove", {"units": []}, 404, "no circuit"),
        ("brought/prove", {"units": []}, 409, "no task"),
        ("found/ablate", {"units": []}, 422, ""),
        ("found/ablate", {"units": [{"site": "mlp.0", "index": 9999}]}, 422, "mlp.0/9999"),
        ("found/ablate", {"units": [{"site": "mlp.0", "index": 0}], "prompt": 99}, 404, "no pair"),
        ("found/ablate", {"units": [{"site": "mlp.0", "index": 0}], "prompt": ""}, 422, ""),
        (
            "found/ablate",
            {"units": [{"site": "mlp.0", "index": 0}], "prompt": "1 2", "ablation": "resample"},
            422,
            "no counterfactual",
        ),
        ("none/ablate", {"units": [{"site": "mlp.0", "index": 0}]}, 404, "no circuit"),
        ("brought/ablate", {"units": [{"site": "mlp.0", "index": 0}]}, 409, "no task"),
    ],
)
def test_what_cannot_be_asked_is_a_problem_that_says_why(client, path, asked, status, told):
    answered = client.post(f"{MODEL}/circuits/{path}", json=asked)
    assert (answered.status_code, told in answered.text) == (status, True), answered.text
    assert answered.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("chain")
def test_without_the_service_it_is_said_to_be_away(live):
    app = create_app(Settings(data=live.settings.data, log_level="error"))
    with TestClient(app) as client:
        answered = client.post(f"{CIRCUIT}/prove", json={"units": []})
    assert (answered.status_code, "not running" in answered.text) == (503, True)


@pytest.mark.parametrize("ablation", ["resample", "mean", "zero"])
def test_ablating_the_circuit_changes_the_metric_and_random_units_do_not(client, chain, ablation):
    found, _ = chain
    asked = {"units": refs(found), "ablation": ablation, "controls": 2}
    answered = client.post(f"{CIRCUIT}/ablate", json=asked)
    assert answered.status_code == 200, answered.text
    told = answered.json()
    metric = told["metric"]
    assert metric["after"] < metric["before"] - 0.5 * abs(metric["before"])
    assert all(abs(one - metric["before"]) < 0.1 for one in metric["controls"])
    assert told["kl"] > max(told["kl_controls"])
    assert (told["counterfactual"] is not None) == (ablation == "resample")
    assert len(told["control_units"]) == 2


def test_the_prompt_is_a_pair_of_the_task_and_other_values_are_from_its_counterfactual(
    client, chain
):
    pair = task_pairs(chain[1])[1]
    told = client.post(f"{CIRCUIT}/ablate", json={"units": refs(chain[0]), "prompt": 1}).json()
    assert told["counterfactual"] == pair.counterfactual.text
    assert [token["id"] for token in told["tokens"]] == list(pair.clean.tokens)


def test_a_text_of_ones_own_is_ablated_to_means(client, chain):
    told = client.post(f"{MODEL}/tokens", json={"prompts": [{"tokens": [2, 3, 4]}]}).json()
    text = " ".join(token["text"] for token in told["prompts"][0])
    asked = {"units": refs(chain[0]), "prompt": text}
    answered = client.post(f"{CIRCUIT}/ablate", json=asked)
    assert answered.status_code == 200, answered.text
    told = answered.json()
    assert (told["ablation"], told["metric"], told["counterfactual"]) == ("mean", None, None)
    assert told["top"]


@pytest.mark.usefixtures("chain")
def test_a_circuit_of_an_earlier_version_is_not_proved_on_what_it_may_have_been_found_on(
    client, live
):
    with open_session(live.app.state.engine, commit=True) as session:
        line = get_line(session, model="chain", slug="found")
        old = session.get(RunTable, line.run_id)
        old.method_version = "1"
    try:
        answer = client.post(f"{CIRCUIT}/prove", json={"units": []})
    finally:
        with open_session(live.app.state.engine, commit=True) as session:
            session.get(RunTable, line.run_id).method_version = VERSION
    assert answer.status_code == 409
    assert "held out other prompts" in answer.json()["detail"]
    assert "Find it anew" in answer.json()["hint"]
