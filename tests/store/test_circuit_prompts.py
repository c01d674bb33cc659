"""Circuits by their prompts: one, and those of an actor."""

import pytest
from sqlalchemy import Engine

from analysis.protocol.circuits import Circuit, Graph, Node
from app.errors import NotFoundError
from app.store.engine import open_session
from app.store.queries.circuit_prompt import BEGINNING, get_prompt, prompts_of
from app.store.writing_circuits import keep_circuit
from tests.store import rows


def drawn_over(prompt: str, *tokens: str) -> Circuit:
    nodes = (Node(id="a", kind="feature", layer=0, position=0, label="x" * 2000),)
    return Circuit(graph=Graph(prompt=prompt, tokens=tokens, n_layers=1, nodes=nodes))


@pytest.fixture
def toy(engine: Engine) -> Engine:
    """Two models; mine are three, of which one has a prompt longer than what is looked at first."""
    long = "né🙂" * BEGINNING
    with open_session(engine, commit=True) as session:
        session.add_all([rows.model("toy"), rows.model("other")])
        session.flush()
        for model, slug, prompt, actor in (
            ("toy", "first", "One", "me"), ("other", "first", long, "me"),
            ("toy", "second", "Two", "you"), ("toy", "third", "", "me"),
        ):  # fmt: skip
            keep_circuit(
                session, model=model, circuit=drawn_over(prompt, "né", "\n"), actor=actor, slug=slug
            )
    return engine


def test_those_of_an_actor_come_newest_first_with_prompt_and_tokens(toy: Engine):
    with open_session(toy) as session:
        found = prompts_of(session, actor="me")
    assert [(one.model, one.slug) for one in found] == [
        ("toy", "third"), ("other", "first"), ("toy", "first"),
    ]  # fmt: skip
    assert [one.prompt for one in found] == ["", "né🙂" * BEGINNING, "One"]
    assert all(one.tokens == ["né", "\n"] for one in found)


def test_nobody_has_none(toy: Engine):
    with open_session(toy) as session:
        assert prompts_of(session, actor="nobody") == []


def test_one_is_found_by_model_and_slug(toy: Engine):
    with open_session(toy) as session:
        found = get_prompt(session, model="toy", slug="second")
        assert (found.title, found.prompt, found.tokens) == ("Two", "Two", ["né", "\n"])
        for model, slug, said in (
            ("toy", "none", "no circuit 'none'"), ("none", "first", "no model"),
            ("other", "second", "no circuit"), ("toy", "../x", "no circuit"),
        ):  # fmt: skip
            with pytest.raises(NotFoundError, match=said):
                get_prompt(session, model=model, slug=slug)
