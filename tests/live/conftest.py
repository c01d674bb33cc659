"""The web side over a planted model that was swept, with a service that has it loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from analysis.circuits.finding import Asked, Found, Search
from analysis.circuits.graphing import Drawing
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.kinds import KINDS
from analysis.circuits.planted.truth import Planted
from analysis.models import load_plain
from analysis.protocol.circuits import Circuit, Graph, Node
from analysis.tasks.prompting import VERSION, prompted
from analysis.tasks.task import Imported, Task
from analysis.worker.registering import add_model
from app.main import create_app
from app.settings import Settings
from app.store.engine import open_session
from app.store.locating import require_model
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task
from tests.inference.serving import SECRET, Running, options_of, served
from tests.store import rows
from tests.worker.sweeping.conftest import copy_swept


@dataclass(frozen=True)
class Live:
    app: FastAPI
    client: TestClient
    service: Running
    settings: Settings


def settings_of(folder: Path, service: Running) -> Settings:
    port = int(service.url.rpartition(":")[2])
    return Settings(data=folder, inference_port=port, inference_secret=SecretStr(SECRET))


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The model `planted`, of which every activation is known; what tests keep there stays."""
    folder = tmp_path_factory.mktemp("live")
    with served(options_of(folder / "cache")) as service:
        copy_swept(folder).engine.dispose()
        settings = settings_of(folder / "data", service)
        app = create_app(settings)
        with TestClient(app) as client:
            yield Live(app, client, service, settings)


@pytest.fixture
def client(live: Live) -> TestClient:
    return live.client


@pytest.fixture(scope="session")
def chain(live: Live, tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Planted]:
    """A planted model with a circuit that was found on its pairs, and one made elsewhere."""
    planted = KINDS["chain"](tmp_path_factory.mktemp("planted") / "chain", 0)
    add_model(live.app.state.engine, live.settings, source=str(planted.folder), name="chain")
    pairs = task_pairs(planted)
    made = [
        pair.model_copy(update={"words": (f"word {number % 3}",), "template": "one"})
        for number, pair in enumerate(pairs)
    ]
    task = Task(
        name="a chain", source=Imported(file="chain.jsonl", sha256="0" * 64), metric=METRIC,
        pairs=tuple(made),
    )  # fmt: skip
    parts = prompted(task, seed=5)
    assert parts.held_out
    model = load_plain(planted.folder, dtype=torch.float32, device=torch.device("cpu"))
    search = Search(model, METRIC, parts, Asked(steps=20, seed=5))
    found = search.run()
    graph = Drawing(found, parts.finding[0], METRIC, model.token_texts()).graph()
    with open_session(live.app.state.engine, commit=True) as session:
        kept = keep_task(session, model="chain", task=task, actor="me")
        run = rows.run(require_model(session, name="chain"), "circuit")
        run.seed, run.method_version = 5, VERSION
        session.add(run)
        session.flush()
        circuit = Circuit(graph=graph, method="ig", ablation="resample")
        keep_circuit(
            session, model="chain", circuit=circuit, actor="me", task=kept.slug, run_id=run.id,
            slug="found",
        )  # fmt: skip
        for proof in found.proofs:
            keep_proof(session, model="chain", slug="found", proof=proof, run_id=run.id)
        one = Node(id="a", kind="feature", layer=0, position=0)
        drawn = Circuit(graph=Graph(prompt="a", tokens=("a",), n_layers=1, nodes=(one,)))
        keep_circuit(session, model="chain", circuit=drawn, actor="me", slug="brought", file="a")
    return found, planted
