"""Neuronpedia's unmodified client against a running server with a loaded model."""

import neuronpedia
import pytest
import requests
from neuronpedia.np_feature import Feature, SteerFeature
from neuronpedia.np_vector import NPVector
from neuronpedia.requests.activation_request import ActivationRequest
from neuronpedia.requests.base_request import NPRequest
from neuronpedia.requests.source_activation_request import SourceActivationRequest
from neuronpedia.requests.steer_request import SteerChatRequest, SteerCompletionRequest
from neuronpedia.requests.topk_by_token_request import TopKByTokenRequest

from app.main import create_app
from tests.api.conftest import serving
from tests.live.conftest import settings_of

TEXT = "the cat running and the dog"


@pytest.fixture(scope="module")
def url(live):
    """A server of its own: the client of the other tests has an event loop of its own too."""
    app = create_app(settings_of(live.settings.data, live.service))
    with serving(app) as found:
        yield found


@pytest.fixture(autouse=True)
def _their_client(url, monkeypatch):
    monkeypatch.setattr(NPRequest, "BASE_URL", f"{url}/api")
    with neuronpedia.api_key("any-key-will-do"):
        yield


def test_a_feature():
    feature = Feature.get("planted", "0-mlp", "3")
    assert (feature.modelId, feature.source, int(feature.index)) == ("planted", "0-mlp", 3)


def test_live_activations_of_one_text_and_of_several():
    request = ActivationRequest()
    one = request.compute_activation_for_text("planted", "0-mlp", "3", TEXT)
    assert (len(one.tokens), len(one.values)) == (7, 7)
    both = request.compute_activation_for_texts("planted", "0-mlp", "3", [TEXT, "the sun"])
    assert both[0].values == one.values
    assert both[1].tokens == ["BOS", " the", " sun"]


def test_all_active_units_of_a_source():
    (found,) = ActivationRequest().compute_all_source_activations_for_text(
        "planted", "1-mlp", [TEXT]
    )
    assert len(found["tokens"]) == 7
    best = found["activeFeatures"][0]
    assert best["values"][best["maxValueIndex"]] == best["maxValue"] > 0


def test_the_units_that_fire_most():
    request = SourceActivationRequest()
    found = request.compute_top_features_for_text(
        "planted", ["0-mlp", "1-mlp"], TEXT, num_results=5
    )
    assert len(found) == 5
    assert [max(one.values[1:]) for one in found] == sorted(
        (max(one.values[1:]) for one in found), reverse=True
    )
    at_three = request.compute_top_features_for_text(
        "planted", "0-mlp", TEXT, num_results=3, sort_results_by_activations_at_token_indexes=[3]
    )
    values = [one.values[3] for one in at_three]
    assert values == sorted(values, reverse=True)
    several = request.compute_top_features_for_texts("planted", "0-mlp", [TEXT, "the sun"])
    assert [one[0].tokens[-1] for one in several] == [" dog", " sun"]


def test_the_units_that_fire_most_at_each_token():
    request = TopKByTokenRequest()
    found = request.compute_top_features_by_token_for_text("planted", "0-mlp", TEXT, num_results=2)
    assert [one.position for one in found] == [1, 2, 3, 4, 5, 6]
    assert [one.token.strip() for one in found] == TEXT.split()
    assert all(len(one.topFeatures) == 2 for one in found)
    assert isinstance(found[0].topFeatures[0].feature.index, int)
    both = request.compute_top_features_by_token_for_texts("planted", "0-mlp", [TEXT, "the sun"])
    assert [len(one) for one in both] == [6, 2]


def test_units_that_fire_everywhere_are_left_out_where_that_is_asked():
    request = SourceActivationRequest()
    everything = request.compute_top_features_for_text("planted", "0-mlp", TEXT, num_results=32)
    seldom = request.compute_top_features_for_text(
        "planted", "0-mlp", TEXT, num_results=32, density_threshold=0.05
    )
    assert 0 < len(seldom) < len(everything)


def test_steering_with_a_neuron():
    feature = SteerFeature(modelId="planted", source="1-mlp", index=2, strength=3)
    found = SteerCompletionRequest().steer_features(
        "planted", [feature], "the cat", temperature=0, n_tokens=4, freq_penalty=0
    )
    assert found["DEFAULT"].startswith("the cat")
    assert found["STEERED"].startswith("the cat")
    kept = requests.get(
        found["shareUrl"].replace("/experiments/", "/api/v1/experiments/"), timeout=9
    )
    assert kept.json()["kind"] == "generation"
    assert kept.json()["slug"] == found["id"]


def test_steering_with_a_vector_that_was_kept(live):
    width = live.client.get("/api/v1/models/planted").json()["facts"]["d_model"]
    vector = NPVector.new(
        label="up", model_id="planted", layer_num=0, hook_type="hook_resid_post",
        vector=[0.5] * width, default_steer_strength=2.0,
    )  # fmt: skip
    found = vector.steer_completion("the cat")
    assert found["STEERED"] != ""


def test_a_conversation_with_a_model_that_knows_none_is_refused():
    feature = SteerFeature(modelId="planted", source="1-mlp", index=2)
    message = [{"role": "user", "content": "the cat"}]
    with pytest.raises(requests.exceptions.HTTPError, match="chat template"):
        SteerChatRequest().steer_features("planted", [feature], message, message)


def test_what_is_not_there_is_not_found():
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        ActivationRequest().compute_activation_for_text("planted", "9-mlp", "3", TEXT)
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        ActivationRequest().compute_activation_for_text("nobody", "0-mlp", "3", TEXT)


@pytest.mark.parametrize("path", ["search-all", "search-topk-by-token", "steer", "activation/new"])
def test_both_forms_of_a_path_answer_without_a_redirect(url, path):
    for slash in ("", "/"):
        answered = requests.post(
            f"{url}/api/{path}{slash}", json={}, timeout=9, allow_redirects=False
        )
        assert answered.status_code == 422
