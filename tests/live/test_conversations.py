"""A model with a chat template that was added and never swept."""

import neuronpedia
import pytest
from neuronpedia.np_vector import NPVector
from neuronpedia.requests.base_request import NPRequest
from neuronpedia.requests.steer_request import SteerChatRequest
from transformers import AutoTokenizer

from analysis.worker.registering import add_model
from app.main import create_app
from tests.analysis.models.tiny import make_tiny
from tests.api.conftest import serving
from tests.live.conftest import settings_of

MODEL = "/api/v1/models/chatty"
TEMPLATE = (
    "{% for message in messages %}{{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}on{% endif %}"
)
TURNS = [{"role": "user", "content": "the cat"}]


@pytest.fixture(scope="module")
def chatty(live, tmp_path_factory):
    folder = make_tiny("llama", tmp_path_factory.mktemp("chatty") / "chatty")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    add_model(live.app.state.engine, live.settings, source=str(folder), name="chatty")
    return live.client


def test_a_conversation_is_read_through_the_models_template(chatty):
    found = chatty.post(f"{MODEL}/tokens", json={"prompts": [{"turns": TURNS}]}).json()
    text = "".join(token["text"] for token in found["prompts"][0])
    assert text.endswith("the cat\non")
    assert found["has_chat_template"] is True


def test_an_experiment_on_a_conversation_before_any_sweep(chatty):
    asked = {
        "prompt": {"turns": TURNS},
        "edits": [{"site": "mlp.0", "index": 3, "operation": "zero"}],
    }
    view = chatty.post(f"{MODEL}/experiments", json=asked).json()
    assert view["request"]["statistics"] is None
    assert all(moved["sigmas"] is None for moved in view["answer"]["moved"])
    mean = {**asked, "edits": [{"site": "mlp.0", "index": 3, "operation": "mean"}]}
    refused = chatty.post(f"{MODEL}/experiments", json=mean)
    assert (refused.status_code, "Sweep the model" in refused.json()["hint"]) == (422, True)


def test_their_client_steers_a_conversation(chatty, live, monkeypatch):
    made = chatty.post(
        f"{MODEL}/vectors",
        json={
            "site": "resid.0",
            "label": "up",
            "values": [1.0] * 24,
            "default_strength": 30.0,
        },
    )
    assert made.status_code == 201, made.text
    with serving(create_app(settings_of(live.settings.data, live.service))) as url:
        monkeypatch.setattr(NPRequest, "BASE_URL", f"{url}/api")
        with neuronpedia.api_key("any"):
            vector = NPVector.get("chatty", "0-resid", str(made.json()["index"]))
            found = SteerChatRequest().steer(
                "chatty", [vector], TURNS, TURNS, temperature=0, n_tokens=6, freq_penalty=0
            )
    assert found["STEERED"]["chatTemplate"][-1]["role"] == "assistant"
    assert found["STEERED"]["raw"].startswith(found["DEFAULT"]["raw"][:4])
    assert found["STEERED"]["raw"] != found["DEFAULT"]["raw"]
    assert found["id"]
