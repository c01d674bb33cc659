"""A prompt that is surely too short is refused when it is asked for, not minutes later."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError
from app.store.circuit_request import CircuitRequest
from app.store.engine import open_session
from app.store.packing import pack_vocabulary
from app.store.queries.job import create_job
from app.store.tables import VocabularyTable
from tests.store import rows

Ask = Callable[[str], None]
WORDS = ["Hello", " Hello", " world", "The", " cat", " sat"]


def store(engine: Engine, *, begins: int | None, words: list[str]) -> Ask:
    """A way to ask for a prompt's circuit of a model with this vocabulary."""
    with open_session(engine, commit=True) as session:
        model = rows.model()
        model.facts = {"bos_token_id": begins}
        session.add(model)
        session.flush()
        session.add(
            VocabularyTable(
                model_id=model.id, n_tokens=len(words), bos_token_id=begins,
                tokens=pack_vocabulary(words),
            )
        )  # fmt: skip

    def ask(prompt: str) -> None:
        with open_session(engine, commit=True) as session:
            create_job(session, request=CircuitRequest(model="toy", prompt=prompt), actor="me")

    return ask


@pytest.mark.parametrize("begins", [None, 0])
@pytest.mark.parametrize("prompt", ["Hello", " Hello"])
def test_a_prompt_of_one_token_is_refused_with_what_to_do(engine: Engine, prompt, begins):
    with pytest.raises(BadRequestError, match="too few") as refused:
        store(engine, begins=begins, words=WORDS)(prompt)
    assert "longer prompt" in (refused.value.hint or "")


@pytest.mark.parametrize("prompt", ["Hello world", "The cat cat", " Hello Hello"])
def test_without_a_bos_the_first_word_keeps_its_place_too(engine: Engine, prompt):
    with pytest.raises(BadRequestError, match="too few"):
        store(engine, begins=None, words=WORDS)(prompt)


@pytest.mark.parametrize("prompt", ["Hello world", "The cat", "The cat sat"])
def test_behind_a_bos_two_different_words_are_enough(engine: Engine, prompt):
    store(engine, begins=0, words=WORDS)(prompt)


@pytest.mark.parametrize("prompt", ["Goodbye", "Hello  ", "今天天气很好", "f(x)", "The cat sat"])
def test_what_may_have_enough_tokens_is_left_to_the_tokenizer(engine: Engine, prompt):
    store(engine, begins=None, words=WORDS)(prompt)
