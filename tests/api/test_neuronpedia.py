"""Their unmodified client, over a real connection; and the superset that others read."""

import neuronpedia
import pytest
import requests
from neuronpedia.np_feature import Feature
from neuronpedia.requests.base_request import NPRequest

FEATURE = "/api/feature/synthetic/0-mlp/5"


@pytest.fixture
def their_client(filled_url, monkeypatch):
    monkeypatch.setattr(NPRequest, "BASE_URL", f"{filled_url}/api")
    with neuronpedia.api_key("any-key-will-do"):
        yield Feature


def test_their_client_reads_a_neuron(their_client, filled):
    feature = their_client.get("synthetic", "0-mlp", 5)
    assert (feature.modelId, feature.source, feature.index) == ("synthetic", "0-mlp", 5)
    unit = filled.get("/api/v1/models/synthetic/sites/mlp.0/units/5").json()
    assert feature.density == unit["statistics"][0]["density"]
    assert feature.explanations[0].method == "rules"
    assert all(one.text and one.index == 5 for one in feature.explanations)
    top = filled.get("/api/v1/models/synthetic/sites/mlp.0/units/5/exemplars").json()["items"]
    assert feature.activations[0].tokens == top[0]["tokens"]
    assert feature.activations[0].values == top[0]["activations"]
    shares = {activation.quantileFraction for activation in feature.activations}
    assert None in shares
    assert len(shares) > 1


def test_their_client_reads_a_head(their_client):
    assert their_client.get("synthetic", "1-attn", 2).source == "1-attn"


def test_their_client_is_told_that_a_neuron_is_missing(their_client):
    with pytest.raises(requests.exceptions.HTTPError, match="404"):
        their_client.get("synthetic", "0-mlp", 5000)


def test_our_own_names_and_a_trailing_slash_work_too(filled):
    feature = filled.get(FEATURE).json()
    assert filled.get("/api/feature/synthetic/mlp.0/5").json() == feature
    slash = filled.get(FEATURE + "/", follow_redirects=False)
    assert slash.status_code == 200
    assert slash.json() == feature


def test_every_field_that_clients_know_is_there(filled):
    feature = filled.get(FEATURE).json()
    assert feature["sourceSetName"] == "mlp"
    assert feature["layer"] == feature["source"] == "0-mlp"
    assert len(feature["pos_str"]) == len(feature["pos_values"]) == 10
    assert len(feature["neg_str"]) == len(feature["neg_values"]) == 10
    assert feature["pos_values"] == sorted(feature["pos_values"], reverse=True)
    bars = feature["freq_hist_data_bar_heights"]
    assert len(bars) == len(feature["freq_hist_data_bar_values"]) > 0
    assert bars[0] > 0
    assert bars[-1] > 0
    assert feature["logits_hist_data_bar_heights"] == []
    largest = max(activation["maxValue"] for activation in feature["activations"])
    assert feature["maxActApprox"] == pytest.approx(largest, rel=1e-3)


def test_every_activation_names_its_neuron_its_peak_and_its_interval(filled):
    activations = filled.get(FEATURE).json()["activations"]
    for activation in activations:
        assert activation["modelId"] == "synthetic"
        assert activation["layer"] == activation["source"] == "0-mlp"
        assert int(activation["index"]) == 5
        assert len(activation["tokens"]) == len(activation["values"])
        peak = activation["values"][activation["maxValueTokenIndex"]]
        assert activation["maxValue"] == pytest.approx(peak, rel=1e-3)
    assert any(activation["binContains"] is not None for activation in activations)
    assert activations[0]["binMin"] is None


def test_the_lowest_interval_has_no_lower_end_and_the_bottom_tail_is_not_sent(filled):
    activations = filled.get(FEATURE).json()["activations"]
    drawn = [activation for activation in activations if activation["binContains"] is not None]
    lowest = min(drawn, key=lambda activation: activation["binMax"] or float("inf"))
    assert lowest["binMin"] is None
    assert lowest["binMax"] is not None
    assert min(lowest["values"]) == lowest["minValue"]
    unit = "/api/v1/models/synthetic/sites/mlp.0/units/5"
    kept = {
        kind: filled.get(f"{unit}/exemplars", params={"kind": kind, "limit": 200}).json()["n_kept"]
        for kind in ("top", "interval", "bottom")
    }
    assert kept["bottom"] > 0
    assert len(activations) == kept["top"] + kept["interval"]


def test_a_head_without_an_output_side_has_empty_lists(filled):
    head = filled.get("/api/feature/synthetic/0-attn/0").json()
    assert head["pos_str"] == []
    assert head["activations"]


def test_missing_sources_are_a_404(filled):
    for path in ("synthetic/7-mlp/0", "synthetic/0-sae/0", "nobody/0-mlp/0"):
        assert filled.get(f"/api/feature/{path}").status_code == 404
