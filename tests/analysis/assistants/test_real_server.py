"""Against a real server: what is sent is taken, what comes is read. Its answers are nonsense."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from analysis.assistants.assistant import Assistant
from analysis.assistants.endpoint import configured_endpoint
from analysis.assistants.question import Form, Message, Parameters, Question
from analysis.explain.language_model.explaining import explain
from analysis.explain.language_model.options import ExplainerOptions, JudgeOptions
from analysis.explain.language_model.records import Excerpt
from analysis.explain.language_model.simulating import simulate
from app.demo_model import find_gguf
from tests.analysis.assistants.llama import serving

ANSWERS_WITHIN = 120.0
JUDGED = JudgeOptions("smollm2")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(find_gguf(), tmp_path_factory.mktemp("llama") / "log") as url:
        yield url


@pytest.fixture
def real(url: str) -> Iterator[Assistant]:
    with Assistant(configured_endpoint(url, None, ANSWERS_WITHIN), concurrency=2) as assistant:
        yield assistant


def excerpt(text: str, document: int, peak: int = 1) -> Excerpt:
    tokens = tuple(f" {word}" for word in text.split())
    activations = (np.arange(len(tokens)) == peak).astype(np.float32)
    return Excerpt(tokens, activations, document)


def test_a_real_server_holds_its_model_to_a_schema_and_says_its_tokens(real: Assistant) -> None:
    def read(value: dict[str, Any]) -> bool:
        return bool(value["fits"])

    schema = {
        "type": "object",
        "properties": {"fits": {"type": "boolean"}},
        "required": ["fits"],
        "additionalProperties": False,
    }
    asked = Question(
        (Message("user", "Is the sea salty?"),), Form("fit", schema, read), Parameters("m", 40)
    )
    answered = real.ask(asked)
    assert answered.failure is None
    assert answered.value in (True, False)
    (record,) = answered.asked
    assert "response_format" in record.parameters
    assert 5 < record.tokens_in < asked.most_prompt_tokens
    assert 2 < record.tokens_out <= 40


def test_a_real_server_simulates_with_log_probabilities(real: Assistant) -> None:
    simulated = simulate(real, "boats", [excerpt("the ship sank", 1)], JUDGED)
    assert simulated.n_failed == 0
    assert simulated.n_expected == 1
    assert simulated.predictions.shape == (1, 3)
    assert ((simulated.predictions >= 0) & (simulated.predictions <= 10)).all()
    levels = simulated.predictions - np.round(simulated.predictions)
    assert np.abs(levels).max() > 1e-6  # means of levels, not the digits that were written


def test_a_real_server_explains(real: Assistant) -> None:
    options = ExplainerOptions("smollm2", most_excerpts=1)
    found = explain(
        real,
        [excerpt("the ship sank", 1)],
        [excerpt("a boat sailed", 2)],
        options,
        judge="detection",
        judge_options=JUDGED,
    )
    assert len(found.asked) in (1, 2)
    assert found.asked[0].raw
    assert (found.text is None) == (found.failure is not None)


def test_a_real_server_says_why_it_refuses(real: Assistant) -> None:
    form = Form("any", {"type": "object"}, dict)
    long = Question((Message("user", "word " * 9000),), form, Parameters("m", 5))
    failure = real.ask(long).failure
    assert failure is not None
    assert failure.kind == "rejected"
    assert "context" in failure.detail
