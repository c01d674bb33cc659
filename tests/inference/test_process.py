"""A service in its own process, asked by the web side's client: bursts, death and return."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest

from analysis.protocol.experiments import GenerationEnd, GenerationRequest
from app.errors import InferenceError
from app.inference.client import InferenceClient
from app.inference.connection import Connection, State
from tests.inference.serving import HEADERS, SECRET, gathered

ROOT = Path(__file__).parents[2]


class Process:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.inference.program", str(self.folder), str(self.port)],
            env=os.environ | {"PATCHCLAMP_INFERENCE_SECRET": SECRET},
            cwd=ROOT,
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(f"{self.url}/healthz", trust_env=False)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    process = Process(tmp_path_factory.mktemp("process"))
    yield process
    process.kill()


async def posted(port: int, operation: str, content: dict) -> tuple[int, dict]:
    """Status and body, over a connection of its own; a pool of a thousand would be what is slow."""
    body = json.dumps(content).encode()
    head = [
        f"POST /v1/{operation} HTTP/1.1",
        "Host: localhost",
        f"Authorization: {HEADERS['Authorization']}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
    answer = await reader.read()
    writer.close()
    told, _, found = answer.partition(b"\r\n\r\n")
    return int(told.split()[1]), json.loads(found)


def client_of(url: str) -> InferenceClient:
    return InferenceClient(Connection(url, SECRET, seconds=60))


def generation(spec, n_tokens=10) -> GenerationRequest:
    return GenerationRequest(model=spec, prompt={"text": "a"}, n_tokens=n_tokens)


def test_a_burst_of_a_thousand_gets_answers_and_clean_refusals_only(own, spec):
    async def ask(number):
        body = {"model": spec.model_dump(), "number": number, "seconds": 0.05}
        return await posted(own.port, "work", body)

    answers = asyncio.run(gathered(1000, ask))
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] >= 33
    for number, (status, told) in enumerate(answers):
        if status == 200:
            assert told["number"] == number
        else:
            assert told["reason"] == "busy"
            assert told["retry_after"] >= 1
    waiting = httpx.get(f"{own.url}/v1/models", headers=HEADERS, trust_env=False).json()["waiting"]
    assert waiting == 0


def test_a_service_killed_in_the_middle_of_a_stream_is_told_and_works_again_when_restarted(
    own, spec
):
    async def story():
        client = client_of(own.url)
        steps = []
        with pytest.raises(InferenceError) as told:  # noqa: PT012
            async with aclosing(client.generate(generation(spec, 1000))) as messages:
                async for message in messages:
                    steps.append(message.step)
                    if len(steps) == 5:
                        own.kill()
        assert steps[:5] == [0, 1, 2, 3, 4]
        assert "ended before its answer did" in told.value.detail
        assert told.value.retry_after

        with pytest.raises(InferenceError, match="not running"):
            await anext(client.generate(generation(spec)))
        assert await client.state() == State("down")

        await asyncio.to_thread(own.start)
        assert await client.state() == State("ok")
        messages = [message async for message in client.generate(generation(spec))]
        assert len(messages) == 11
        assert isinstance(messages[-1], GenerationEnd)
        await client.close()

    asyncio.run(story())


def test_a_service_that_is_asked_to_stop_ends_streams_with_a_reason_and_leaves(own, spec):
    async def story():
        client = client_of(own.url)
        with pytest.raises(InferenceError) as told:  # noqa: PT012
            async with aclosing(client.generate(generation(spec, 1000))) as messages:
                async for message in messages:
                    if message.step == 3:
                        own.process.terminate()
        assert "being stopped" in told.value.detail
        await client.close()

    asyncio.run(story())
    own.process.wait(timeout=10)
    own.start()
