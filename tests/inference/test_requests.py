"""What can be wrong with a request is said, and the service goes on."""

import pytest
import structlog
from structlog.testing import capture_logs

from tests.inference.serving import tiny


def refusal(answer, status=422):
    assert answer.status_code == status, answer.text
    return answer.json()


def asked(spec, **prompt):
    return {"model": spec.model_dump(), "prompts": [prompt]}


def test_a_prompt_is_answered_with_its_tokens(running, spec):
    answer = running.post("tokenize", asked(spec, text="a b"))
    assert answer.status_code == 200
    assert [token["text"] for token in answer.json()["prompts"][0]] == ["BOS", " a", " b"]
    assert answer.json()["n_ctx"] == 32


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ({"text": ""}, "prompt is empty"),
        ({"tokens": []}, "prompt is empty"),
        ({}, "exactly one of"),
        ({"text": "a", "tokens": [1]}, "exactly one of"),
        ({"text": 5}, "valid string"),
        ({"text": ["a"]}, "valid string"),
        ({"tokens": ["a"]}, "valid integer"),
        ({"tokens": [10]}, "the id 10; the model's ids run from 0 to 9"),
        ({"tokens": [-1]}, "greater than or equal to 0"),
        ({"tokens": [1] * 33}, "33 tokens; the model's context is 32"),
        ({"tokens": [1] * 100_000}, "at most 8192"),
        ({"text": "a " * 50_000}, "50,001 tokens; the model's context is 32"),
        ({"text": "a" * 100_001}, "at most 100000"),
        ({"text": "zebra"}, "not in the model's vocabulary"),
        ({"turns": [{"role": "user", "content": "a"}]}, "no chat template"),
    ],
)
def test_a_prompt_that_cannot_be_read_is_refused_with_the_reason(running, spec, prompt, said):
    told = refusal(running.post("tokenize", asked(spec, **prompt)))
    assert told["reason"] == "bad_request"
    assert said in told["detail"]
    assert told["hint"]


def test_white_space_that_is_no_token_is_refused_without_a_bos(running, spec):
    told = refusal(running.post("tokenize", asked(spec, text="   ", bos=False)))
    assert "no tokens" in told["detail"]


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ({"site": "mlp.2", "index": 0}, "no site 'mlp.2'"),
        ({"site": "mlp.0", "index": 20}, "no unit 20: it has 20"),
        ({"site": "attn.1", "index": 2}, "no unit 2: it has 2"),
        ({"site": "resid.0", "index": 0}, "match pattern"),
        ({"site": "mlp.0", "index": -1}, "greater than or equal to 0"),
    ],
)
def test_sites_and_units_that_are_not_there_are_refused(running, spec, unit, said):
    told = refusal(running.post("activations", asked(spec, text="a") | {"units": [unit]}))
    assert said in told["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"model": NaN}', b"null"])
def test_what_is_no_request_is_refused(running, body):
    told = refusal(running.http.post("/v1/tokenize", content=body))
    assert told["reason"] == "bad_request"


def test_a_body_that_is_too_large_is_refused(running):
    parts = (b" " * (1 << 20) for _ in range(17))
    told = refusal(running.http.post("/v1/tokenize", content=parts), 413)
    assert told["reason"] == "too_large"


def test_an_operation_that_is_not_there_is_refused(running):
    told = refusal(running.post("levitate", {}), 404)
    assert told["reason"] == "unknown_operation"


def test_a_model_that_is_not_there_is_refused(running, spec, tmp_path):
    gone = spec.model_copy(update={"source": str(tmp_path / "gone")})
    told = refusal(running.post("tokenize", asked(gone, text="a")), 404)
    assert told["reason"] == "unknown_model"
    assert told["detail"].startswith(f"The model {spec.name!r} cannot be loaded:")
    assert "does not exist" in told["detail"]


def test_what_is_wrong_with_a_model_is_told_without_its_path_and_logged_with_it(
    running, spec, tmp_path
):
    tiny(tmp_path / "damaged")
    (tmp_path / "damaged" / "config.json").write_text("{")
    damaged = spec.model_copy(update={"source": str(tmp_path / "damaged")})
    structlog.reset_defaults()  # a command that ran in this process may have asked for errors only
    with capture_logs() as lines:
        told = refusal(running.post("tokenize", asked(damaged, text="a")), 404)
    assert "config.json is no valid JSON" in told["detail"]
    assert str(tmp_path) not in f"{told}"
    assert any(str(tmp_path) in str(line.get("reason")) for line in lines)


def test_weights_that_have_changed_are_refused_and_not_kept(running, tmp_path):
    added = tiny(tmp_path / "changing", seed=0)
    tiny(tmp_path / "changing", seed=1)
    told = refusal(running.post("tokenize", asked(added, text="a")), 409)
    assert told["reason"] == "changed_model"
    assert "changing" not in [model.name for model in running.service.describe().models]


def test_the_service_says_what_is_loaded_and_what_it_has_done(running, spec):
    running.post("tokenize", asked(spec, text="a"))
    (model,) = running.http.get("/v1/models").json()["models"]
    assert (model["name"], model["dtype"], model["busy"]) == ("tiny", "float32", 0)
    counted = running.http.get("/metrics").text
    assert 'patchclamp_inference_requests_total{operation="tokenize",outcome="ok"}' in counted
    assert "patchclamp_inference_models 1.0" in counted
    assert f"patchclamp_inference_model_bytes {float(model['n_bytes'])}" in counted
    assert "levitate" not in counted


def test_a_service_that_waits_is_ready(running):
    assert running.http.get("/readyz").json() == {"status": "ok"}
