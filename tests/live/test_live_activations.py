"""Tokens, activations and the units that fire most, asked of the loaded model."""

import pytest

from tests.analysis.models.planted import ID, make_planted

MODEL = "/api/v1/models/planted"
TEXT = "the cat running and ( the dog singing )"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return make_planted(tmp_path_factory.mktemp("planted") / "model")


def test_text_becomes_tokens_with_the_one_it_begins_with(client):
    found = client.post(f"{MODEL}/tokens", json={"prompts": [{"text": "the cat"}]}).json()
    assert [token["text"] for token in found["prompts"][0]] == ["BOS", " the", " cat"]
    assert found["has_chat_template"] is False


def test_live_activations_are_those_that_were_planted(client, planted):
    tokens = [0, *(ID[word] for word in TEXT.split())]
    for unit in planted.units:
        asked = {
            "prompts": [{"text": TEXT}],
            "units": [{"site": unit.site, "index": unit.index}],
        }
        found = client.post(f"{MODEL}/activations", json=asked).json()
        values = found["prompts"][0]["values"][0]
        assert values == pytest.approx(unit.expected(tokens), abs=1e-3)


def test_the_units_that_fire_most_are_ranked_by_their_own_distributions(client):
    asked = {"prompt": {"text": TEXT}, "n": 10}
    found = client.post(f"{MODEL}/search/text", json=asked).json()
    assert found["relative"] is True
    scores = [unit["score"] for unit in found["units"]]
    assert scores == sorted(scores, reverse=True)
    assert len({(unit["site"], unit["index"]) for unit in found["units"]}) == 10
    raw = client.post(f"{MODEL}/search/text", json={**asked, "relative": False}).json()
    assert [unit["score"] for unit in raw["units"]] == [unit["value"] for unit in raw["units"]]


def test_per_token_the_strongest_of_one_site(client):
    asked = {"prompt": {"text": TEXT}, "sites": ["mlp.1"], "by": "token", "n": 2}
    found = client.post(f"{MODEL}/search/text", json=asked).json()
    positions = [unit["position"] for unit in found["units"]]
    assert positions == sorted(positions)
    assert 0 not in positions
    assert {unit["site"] for unit in found["units"]} == {"mlp.1"}


@pytest.mark.parametrize(
    ("path", "asked", "told"),
    [
        ("activations", {"prompts": [{"text": "cat"}], "units": []}, "units"),
        (
            "activations",
            {"prompts": [{"text": "cat"}], "units": [{"site": "mlp.9", "index": 0}]},
            "mlp.9",
        ),
        ("search/text", {"prompt": {"text": "cat"}, "sites": ["mlp.9"]}, "mlp.9"),
        ("search/text", {"prompt": {"text": ""}}, "empty"),
        ("tokens", {"prompts": [{"turns": [{"role": "user", "content": "a"}]}]}, "template"),
    ],
)
def test_what_is_not_there_is_refused(client, path, asked, told):
    answered = client.post(f"{MODEL}/{path}", json=asked)
    assert answered.status_code == 422
    assert told in answered.text
