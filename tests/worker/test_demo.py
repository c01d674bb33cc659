"""The demo's preparation: run twice, it adds everything once."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from analysis.worker import demo
from analysis.worker.inline import run_inline
from analysis.worker.registering import Added, add_model
from app.demo_model import find_gguf
from app.settings import Settings
from app.store.engine import open_session
from app.store.queries.corpus import get_corpus
from app.store.queries.job import list_jobs, request_cancel
from app.store.requests import PrepareDemoRequest
from tests.analysis.models.tiny import make_tiny


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy in the demo model's place: converting the real one takes long."""
    folder = make_tiny("plain", tmp_path / "toy")

    def add(engine: Engine, settings: Settings, *, name: str, **_: object) -> Added:
        return add_model(engine, settings, source=str(folder), name=name)

    monkeypatch.setattr(demo, "add_model", add)


@pytest.mark.usefixtures("toy")
def test_the_demo_adds_model_and_corpus_and_asks_for_one_sweep(
    engine: Engine, settings: Settings
) -> None:
    request = PrepareDemoRequest()
    first = run_inline(engine, settings, demo.PREPARE_DEMO, request)
    assert first is not None
    assert run_inline(engine, settings, demo.PREPARE_DEMO, request) == first
    with open_session(engine) as session:
        jobs = list_jobs(session).items
        starter = get_corpus(session, name="starter")
    (sweep,) = [job for job in jobs if job.kind == "sweep"]
    assert (sweep.id, sweep.status, sweep.model) == (first["sweep"], "queued", request.model)
    assert starter.splits["ood:code"] > 0

    with open_session(engine, commit=True) as session:
        request_cancel(session, job_id=sweep.id, actor="ada")
    again = run_inline(engine, settings, demo.PREPARE_DEMO, request)
    assert again is not None
    assert again["sweep"] != sweep.id


def test_the_demos_model_is_found_in_its_package() -> None:
    path = find_gguf()
    with path.open("rb") as file:
        assert file.read(4) == b"GGUF"
