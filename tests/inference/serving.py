"""A service in a thread of the test's process, on a port of its own."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import torch

from analysis.inference.application import create_app
from analysis.inference.operations import OPERATIONS, Operation
from analysis.inference.options import Options
from analysis.inference.service import Service
from analysis.inference.serving import listen, server_of
from analysis.models import load_plain
from analysis.protocol.model import ModelSpec
from tests.analysis.models.tiny import make_tiny_plain

SECRET = "known to both of us"
HEADERS = {"Authorization": f"Bearer {SECRET}"}


@dataclass
class Running:
    url: str
    service: Service
    http: httpx.Client
    stop: Any

    def post(self, operation: str, content: Any, **more: Any) -> httpx.Response:
        return self.http.post(f"/v1/{operation}", json=content, **more)


def options_of(cache: Path, **changes: Any) -> Options:
    options = Options(
        secret=SECRET,
        dtype=torch.float32,
        device=torch.device("cpu"),
        cache=cache,
        code_version="tests",
        memory=1 << 30,
    )
    return replace(options, **changes)


@contextmanager
def served(
    options: Options, operations: Sequence[Operation] = OPERATIONS, *, port: int = 0
) -> Iterator[Running]:
    app = create_app(options, operations=operations)
    taken = listen("127.0.0.1", port)
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    url = "http://{}:{}".format(*taken.getsockname()[:2])
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(
        base_url=url, headers=HEADERS, timeout=60, limits=limits, trust_env=False
    ) as http:
        wait_until(lambda: server.started)

        def stop() -> None:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive()

        yield Running(url, app.state.service, http, stop)
        stop()


def spec_of(folder: Path, **changes: Any) -> ModelSpec:
    """The plain model in a folder, as it would have been added."""
    facts = load_plain(folder, dtype=torch.float32, device=torch.device("cpu")).facts
    known = {
        "name": folder.name,
        "source": str(folder),
        "kind": "plain",
        "weights_sha256": facts.weights_sha256,
        "tokenizer_sha256": facts.tokenizer_sha256,
    }
    return ModelSpec(**known | changes)


def tiny(folder: Path, *, seed: int = 0, **changes: Any) -> ModelSpec:
    return spec_of(make_tiny_plain(folder, seed=seed, **changes))


def wait_until(condition: Any, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


async def gathered(n: int, ask: Any) -> list[Any]:
    """What `ask(number)` comes to, all at once."""
    return await asyncio.gather(*(ask(number) for number in range(n)))
