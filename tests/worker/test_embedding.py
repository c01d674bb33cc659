"""Explanations without a sentence embedding get one; what has one is left alone."""

import numpy as np
from sqlalchemy import Engine, select, text

from analysis.worker import embedding
from analysis.worker.embedding import embed_explanations
from app import embedding as web
from app.settings import Settings
from app.store.claiming import create_explanation
from app.store.engine import open_session
from app.store.synthetic import fill_synthetic
from app.store.tables import ExplanationVectorTable
from app.trials.claim import make_claim

EMBEDDED = "SELECT count(*) FROM explanations WHERE search_key IS NOT NULL AND method != 'lookup'"


class Encoder:
    """As many directions as there are lengths of texts."""

    def __init__(self, n_dims: int = 64) -> None:
        self.n_dims = n_dims
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.asked += texts
        return np.eye(self.n_dims, dtype=np.float32)[[len(one) % 64 for one in texts]]


def fill(engine: Engine, settings: Settings, monkeypatch) -> Encoder:
    fill_synthetic(
        engine, data=settings.data, layers=1, neurons=8, heads=2, windows=24, window_length=16,
        exemplars_per_kind=2,
    )  # fmt: skip
    encoder = Encoder()
    monkeypatch.setattr(embedding, "CHUNK", 7)
    monkeypatch.setattr(embedding, "load_encoder", lambda _: encoder)
    return encoder


def counted(engine: Engine, query: str) -> int:
    with open_session(engine) as session:
        return session.execute(text(query)).scalar_one()


def vector_of(engine: Engine, number: int) -> bytes:
    query = select(ExplanationVectorTable.vector).filter_by(explanation_id=number)
    with open_session(engine) as session:
        return session.scalars(query).one()


def test_all_that_can_be_found_is_embedded_once(engine, settings, monkeypatch, tmp_path):
    encoder = fill(engine, settings, monkeypatch)
    there = counted(engine, EMBEDDED)
    assert embed_explanations(engine, folder=tmp_path) == there
    assert counted(engine, "SELECT count(*) FROM explanation_vectors") == there
    assert embed_explanations(engine, folder=tmp_path) == 0
    assert len(encoder.asked) == there


def test_with_a_model_that_makes_longer_vectors_all_are_embedded_anew(
    engine, settings, monkeypatch, tmp_path
):
    fill(engine, settings, monkeypatch)
    there = embed_explanations(engine, folder=tmp_path)
    monkeypatch.setattr(embedding, "load_encoder", lambda _: Encoder(128))
    assert embed_explanations(engine, folder=tmp_path) == there
    assert counted(engine, "SELECT min(length(vector)) FROM explanation_vectors") == 2 * 128


def test_who_is_stopped_goes_on_later(engine, settings, monkeypatch, tmp_path):
    fill(engine, settings, monkeypatch)
    assert embed_explanations(engine, folder=tmp_path, go_on=lambda done: done < 10) == 14
    there = counted(engine, EMBEDDED)
    assert embed_explanations(engine, folder=tmp_path) == there - 14


def test_without_a_model_nothing_is_done(engine, monkeypatch):
    monkeypatch.setattr(embedding, "find_model", lambda _: None)
    assert embed_explanations(engine) is None


def test_a_text_has_the_same_vector_whoever_saved_it(engine, settings, monkeypatch, tmp_path):
    encoder = fill(engine, settings, monkeypatch)
    monkeypatch.setattr(web, "get_encoder", lambda: encoder)
    long = "  Fires at whales, " + "ships and sailors, " * 40
    with open_session(engine, commit=True) as session:
        claim = make_claim(
            session,
            ("synthetic", "mlp.0", 5),
            text=long,
            program=None,
            data=settings.data,
            check=lambda: None,
        )
        number = create_explanation(
            session, model="synthetic", site="mlp.0", index=5, claim=claim, actor="somebody"
        ).id
    by_web = vector_of(engine, number)
    with open_session(engine, commit=True) as session:
        session.execute(text("DELETE FROM explanation_vectors"))
    embed_explanations(engine, folder=tmp_path)
    assert vector_of(engine, number) == by_web
    assert {len(one) for one in encoder.asked if one.startswith("Fires at whales, ships")} == {240}
