"""Whoever asks the loaded model and leaves is not computed for any more, whatever was asked."""

import asyncio
import logging
import threading
import time
from contextlib import suppress

import httpx
import pytest

from analysis.inference.operations import Operation
from analysis.protocol.activations import ActivationsRequest, StrongestRequest, TokenizeRequest
from analysis.protocol.experiments import ExperimentRequest, GenerationRequest
from app.main import create_app
from tests.api.conftest import serving
from tests.inference.operating import token
from tests.inference.serving import options_of, served, wait_until
from tests.live.conftest import settings_of

TEXT = "the cat and the dog"
ASKED = {"prompt": {"text": TEXT}}
UNIT = {"site": "mlp.0", "index": 0}
FEATURE = {"modelId": "planted", "layer": "0-mlp", "index": 0}
STEERED = {"modelId": "planted", "prompt": TEXT, "features": [FEATURE]}
SAID = [{"role": "user", "content": TEXT}]
CHATTED = {"defaultChatMessages": SAID, "steeredChatMessages": SAID}
MODEL = "/api/v1/models/planted"


class Slow:
    """Operations that go on for a minute, unless they are ended."""

    def __init__(self):
        self.begun = threading.Event()
        self.ended = threading.Event()

    def run(self, model, request, around):  # noqa: ARG002
        for _ in self.stream(None, None, around):
            pass

    def stream(self, model, request, around):  # noqa: ARG002
        self.begun.set()
        until = time.monotonic() + 60
        try:
            while time.monotonic() < until:
                around.check()
                time.sleep(0.002)
                yield token(0)
        finally:
            self.ended.set()

    def operations(self):
        return [
            Operation("tokenize", TokenizeRequest, run=self.run),
            Operation("activations", ActivationsRequest, run=self.run),
            Operation("strongest", StrongestRequest, run=self.run),
            Operation("experiment", ExperimentRequest, run=self.run),
            Operation("generation", GenerationRequest, stream=self.stream),
        ]


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def service(slow, tmp_path):
    with served(options_of(tmp_path), slow.operations()) as found:
        yield found


@pytest.fixture
def app(live, service):
    return create_app(settings_of(live.settings.data, service))


@pytest.fixture
def url(app):
    with serving(app) as found:
        yield found


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("POST", f"{MODEL}/tokens", {"json": {"prompts": [{"text": TEXT}]}}),
        ("POST", f"{MODEL}/activations", {"json": {"prompts": [{"text": TEXT}], "units": [UNIT]}}),
        ("POST", f"{MODEL}/search/text", {"json": ASKED}),
        ("POST", f"{MODEL}/experiments", {"json": ASKED}),
        ("GET", "/m/planted/text", {"params": {"text": TEXT}}),
        ("POST", "/m/planted/playground", {"data": {"text": TEXT}}),
        ("POST", "/m/planted/mlp.0/0/live", {"data": {"text": TEXT}}),
        ("POST", "/api/steer", {"json": STEERED}),
        ("POST", "/api/steer-chat", {"json": STEERED | CHATTED}),
    ],
)
def test_what_was_asked_by_whoever_left_is_not_computed_on(
    slow, service, url, caplog, method, path, asked
):
    with caplog.at_level(logging.INFO):
        leave(slow, url, method, path, asked)
    wait_until(lambda: service.service.describe().models[0].busy == 0)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_stream_that_was_left_is_not_computed_on(slow, service, url):
    with (
        httpx.Client(base_url=url, trust_env=False) as client,
        client.stream("POST", f"{MODEL}/generations", json=ASKED, timeout=20) as stream,
    ):
        assert next(stream.iter_lines()) == "event: token"
    assert slow.ended.wait(20)
    wait_until(lambda: service.service.describe().models[0].busy == 0)


def test_who_left_is_counted_as_such_and_others_are_answered(app, slow, url):
    leave(slow, url, "POST", f"{MODEL}/experiments", {"json": ASKED})
    route = "/api/v1/models/{model}/experiments"
    labels = {"method": "POST", "route": route, "status": "499"}
    name = "patchclamp_request_seconds_count"
    wait_until(lambda: app.state.metrics.registry.get_sample_value(name, labels) == 1)
    assert httpx.get(f"{url}/m/planted/text", timeout=20, trust_env=False).status_code == 200


def leave(slow, url, method, path, asked):
    """Asks, and leaves while it is computed; returns when that has ended."""

    async def ask():
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
            asking = asyncio.create_task(client.request(method, path, **asked))
            assert await asyncio.to_thread(slow.begun.wait, 20)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking

    asyncio.run(ask())
    assert slow.ended.wait(20)
