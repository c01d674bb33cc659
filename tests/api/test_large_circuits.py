"""Large circuits are read a few at a time; small ones take no place."""

from contextlib import ExitStack

import pytest

from app import large_circuits
from app.store.engine import open_session
from app.store.queries import circuit_size
from app.store.queries.circuit_size import is_large
from app.store.writing_circuits import keep_circuit
from tests.api.test_neuronpedia_graphs import four_layers
from tests.store import rows
from tests.store.circuits import elsewhere

READERS = (
    "/m/toy/circuits/{}",
    "/m/toy/circuits/{}/graph",
    "/m/toy/circuits/small/compare?with={}",
    "/m/toy/circuits/{}/compare?with=small",
    "/m/toy/circuits/small/compare?with=toy/{}",
    "/api/v1/models/toy/circuits/{}",
    "/api/v1/models/toy/circuits/{}/graph",
)


@pytest.fixture
def toy(empty_app, empty, monkeypatch):
    """With a small circuit, and one whose file says much."""
    monkeypatch.setattr(circuit_size, "LARGE", 100_000)
    large = elsewhere().model_copy(update={"extra": {"metadata": {"x": "y" * 100_000}}})
    with open_session(empty_app.state.engine, commit=True) as session:
        four_layers(session)
        session.add(rows.site(1, "attn.0", 2))
        session.flush()
        for slug, circuit in (("small", elsewhere()), ("large", large)):
            keep_circuit(
                session, model="toy", circuit=circuit, actor="me", slug=slug, file="a.json"
            )
    return empty


@pytest.mark.parametrize("path", READERS)
def test_where_too_many_read_large_circuits_one_more_is_told_to_wait(toy, empty_app, path):
    with ExitStack() as full:
        for _ in range(large_circuits.MOST):
            full.enter_context(empty_app.state.large_circuits.taken())
        answer = toy.get(path.format("large"))
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "10"
        assert toy.get(path.format("small")).status_code == 200
    for _ in range(large_circuits.MOST + 1):
        assert toy.get(path.format("large")).status_code == 200


def test_what_is_not_there_is_not_large_but_missing(toy, empty_app):
    for path in (*READERS[:2], *READERS[5:]):
        assert toy.get(path.format("none")).status_code == 404
    with open_session(empty_app.state.engine) as session:
        assert is_large(session, model="toy", slug="large")
        assert not is_large(session, model="toy", slug="a/b\x00")
        assert not is_large(session, model="no\x00ne", slug="large")
