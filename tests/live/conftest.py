"""The web side over a planted model that was swept, with a service that has it loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.inference.serving import SECRET, Running, options_of, served
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
