"""Sentence embeddings in the store: what is written at once, or with another model, is found."""

from threading import Thread

import numpy as np
import pytest
from sqlalchemy import Engine

from app.store.claiming import Claim, edit_explanation, withdraw_explanation
from app.store.engine import begin, open_session
from app.store.search.vectors import nearest, without_vector, write_vectors
from app.store.writing_explanations import write_explanations
from tests.store import rows
from tests.store.claims import rules

SHORT, LONG = 384, 768


def axis(n: int, n_dims: int = SHORT) -> np.ndarray:
    vector = np.full(n_dims, -0.01, np.float32)
    vector[n] = 1
    return vector / np.linalg.norm(vector)


def found(engine: Engine, vector: np.ndarray) -> list[int]:
    with open_session(engine) as session:
        return [near.explanation_id for near in nearest(session, vector, n=5)]


def write(engine: Engine, ids: list[int], vectors: list[np.ndarray]) -> None:
    with begin(engine) as connection:
        write_vectors(connection, ids, np.stack(vectors))


@pytest.fixture
def ids(engine: Engine) -> list[int]:
    """Of four explanations."""
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.run(model.id), rows.run(model.id, "explain")])
    with begin(engine) as connection:
        return write_explanations(
            connection, model_id=1, site_id=1, run_id=2, sweep_id=1, method="rules",
            units=range(4), rows=[rules(unit, f"Unit {unit}.") for unit in range(4)],
        )  # fmt: skip


def test_vectors_that_are_committed_after_later_ones_were_read_are_found(
    engine: Engine, ids: list[int]
):
    other = Thread(target=write, args=(engine, ids[1:2], [axis(1)]))
    with begin(engine) as connection:
        write_vectors(connection, ids[:1], axis(0)[None])
        other.start()
        other.join(1)
        assert found(engine, axis(1)) in ([], ids[1:2])
    other.join(30)
    assert found(engine, axis(0)) == ids[:1]
    assert found(engine, axis(1)) == ids[1:2]


@pytest.mark.parametrize("change", ["edit", "withdraw"])
def test_a_claim_that_is_changed_while_a_worker_embeds_it_ends_neither(
    engine: Engine, ids: list[int], change: str
):
    """The person begins while the worker has vectors of others written, and waits for it."""
    failed: list[Exception] = []

    def person() -> None:
        try:
            with open_session(engine, commit=True) as session:
                if change == "edit":
                    claim = Claim("Fires at squids.", vector=axis(2))
                    edit_explanation(session, explanation_id=ids[1], claim=claim, actor="me")
                else:
                    withdraw_explanation(session, explanation_id=ids[1], actor="me")
        except Exception as error:  # noqa: BLE001 - asserted on below
            failed.append(error)

    other = Thread(target=person)
    with begin(engine) as connection:
        write_vectors(connection, ids[:1], axis(0)[None])
        other.start()
        other.join(1)
        assert other.is_alive()
        write_vectors(connection, ids[1:2], axis(1)[None])
    other.join(30)
    assert failed == []
    assert found(engine, axis(0)) == ids[:1]
    assert found(engine, axis(1)) == []
    assert len(found(engine, axis(2))) == (1 if change == "edit" else 0)


def test_of_vectors_of_two_lengths_those_of_the_question_s_are_compared(
    engine: Engine, ids: list[int]
):
    write(engine, ids[:2], [axis(0), axis(1)])
    write(engine, ids[2:], [axis(0, LONG), axis(1, LONG)])
    for _ in range(2):
        assert found(engine, axis(0)) == ids[:1]
        assert found(engine, axis(1, LONG)) == ids[3:]


def test_a_vector_that_another_model_made_anew_is_of_that_model_only(
    engine: Engine, ids: list[int]
):
    write(engine, ids[:2], [axis(0), axis(1)])
    assert found(engine, axis(0)) == ids[:1]
    write(engine, ids[:1], [axis(5, LONG)])
    assert found(engine, axis(0)) == []
    assert found(engine, axis(1)) == ids[1:2]
    assert found(engine, axis(5, LONG)) == ids[:1]


def test_what_has_a_vector_of_another_length_has_none_yet(engine: Engine, ids: list[int]):
    write(engine, ids[:2], [axis(0), axis(1)])
    with engine.connect() as connection:
        short = [number for number, _ in without_vector(connection, n_dims=SHORT)]
        long = [number for number, _ in without_vector(connection, n_dims=LONG)]
    assert (short, long) == (ids[2:], ids)
