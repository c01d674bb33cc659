"""What is read once a process is known to sessions that write, which keep others waiting."""

import pytest
from sqlalchemy import Engine

from app.store.engine import open_session
from app.store.queries import held_out, significance
from app.store.tables import DocumentTable
from tests.store import rows

UNITS = {"run_id": 1, "method": "rules", "split": "test", "judge": "program", "n_units": 8}


def refuse(*_: object) -> None:
    raise AssertionError("it is read again")


def test_how_near_test_is_to_fit_is_not_read_again_to_write(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    with open_session(engine, commit=True) as session:
        session.add(corpus := rows.corpus())
        session.flush()
        session.add(
            DocumentTable(
                corpus_id=corpus.id, number=0, title="A", domain="text", origin="a", split="test",
                group="", sha256="0", n_characters=1,
            )
        )  # fmt: skip
    with open_session(engine) as session:
        before = held_out.held_out(session, corpus_id=corpus.id)
    monkeypatch.setattr(held_out, "_read", refuse)
    for _ in range(2):
        with open_session(engine, commit=True) as session:
            assert held_out.held_out(session, corpus_id=corpus.id) == before


def test_q_of_a_run_is_not_read_again_to_write(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(significance, "_read", lambda *_: {0.25: 0.5})
    with open_session(engine) as session:
        assert significance.q_of(session, **UNITS, p=0.25) == 0.5
    monkeypatch.setattr(significance, "_read", refuse)
    for _ in range(2):
        with open_session(engine, commit=True) as session:
            assert significance.q_of(session, **UNITS, p=0.25) == 0.5
