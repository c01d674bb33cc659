"""A planted model in a store, and a task of its pairs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.kinds import KINDS
from analysis.circuits.planted.truth import Planted
from analysis.protocol.circuits import Circuit
from analysis.protocol.proofs import Proof
from analysis.tasks.task import Imported, Metric, Pair, Task
from analysis.worker.circuits import job
from analysis.worker.inline import run_inline
from analysis.worker.registering import add_model
from app.settings import Settings
from app.store.circuit_request import CircuitRequest
from app.store.engine import open_engine, open_session
from app.store.queries.circuit import get_circuit, list_proofs
from app.store.views.circuit import CircuitView
from app.store.writing_tasks import keep_task
from tests.kept import migrate

MODEL, TASK = "planted", "known"


@dataclass(frozen=True)
class Bench:
    engine: Engine
    settings: Settings
    planted: Planted

    @property
    def texts(self) -> list[str]:
        vocab: list[str] = json.loads((self.planted.folder / "config.json").read_text())["vocab"]
        return vocab

    def keep(self, pairs: list[Pair], slug: str, metric: Metric = METRIC) -> None:
        task = Task(
            name=slug,
            source=Imported(file="made.jsonl", sha256="0" * 64),
            metric=metric,
            pairs=tuple(pairs),
        )
        with open_session(self.engine, commit=True) as session:
            keep_task(session, model=MODEL, task=task, actor="me", slug=slug)

    def request(self, **changes: Any) -> CircuitRequest:
        return CircuitRequest(**{"model": MODEL, "task": TASK, "n_nodes": 16, **changes})

    def run(self, **changes: Any) -> dict[str, Any]:
        found = run_inline(self.engine, self.settings, job.KIND, self.request(**changes))
        assert found is not None
        return found

    def circuit(self, slug: str) -> tuple[CircuitView, Circuit]:
        with open_session(self.engine) as session:
            view = get_circuit(session, model=MODEL, slug=slug)
            return view, Circuit.model_validate_json(view.circuit)

    def proofs(self, slug: str) -> list[Proof]:
        with open_session(self.engine) as session:
            found = list_proofs(session, model=MODEL, slug=slug)
        return [Proof.model_validate_json(each.proof) for each in found]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    settings = Settings(data=tmp_path / "data", device="cpu")
    engine = open_engine(settings)
    migrate(engine)
    planted = KINDS["chain"](tmp_path / "planted", 0)
    add_model(engine, settings, source=str(planted.folder), name=MODEL)
    made = Bench(engine, settings, planted)
    made.keep(task_pairs(planted), TASK)
    yield made
    engine.dispose()
