"""A computation that never ends: whoever asked is told in time, the service says what it is stuck
on, and under a supervisor it is started again."""

import asyncio
import io
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import torch
from tokenizers import Regex, pre_tokenizers
from transformers import AutoTokenizer

from analysis.models import load_model
from analysis.protocol.model import ModelSpec
from app.inference.connection import Connection
from app.supervisor import Child, Supervisor
from tests.analysis.models.tiny import make_tiny
from tests.inference.serving import HEADERS, SECRET, options_of, served, wait_until

ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
SLOW_RULE = "(a+)+$"
"""Every word of `a` takes twice as long with each letter."""
SLOW_TEXT = ("a" * 18 + "b") * 800
"""For some seconds."""


def asked(spec, **work):
    return {"model": spec.model_dump()} | work


@contextmanager
def held(bench, spec, tmp_path, **options):
    """A service whose thread is kept by a computation whose request has ended."""
    hung = threading.Event()
    options = {"seconds": 0.2, "stuck_seconds": 0.3} | options
    with served(options_of(tmp_path, **options), bench.operations()) as service:
        assert service.post("work", asked(spec)).status_code == 200
        bench.fail = lambda: hung.wait(30) and None
        told = service.post("work", asked(spec))
        assert (told.status_code, told.json()["reason"]) == (504, "too_slow")
        try:
            yield service, hung
        finally:
            hung.set()


def ready(service) -> bool:
    return service.http.get("/readyz").status_code == 200


def test_a_computation_that_goes_on_after_its_request_shows_in_readiness(bench, spec, tmp_path):
    with held(bench, spec, tmp_path) as (service, hung):
        wait_until(lambda: not ready(service))
        told = service.http.get("/readyz")
        assert (told.status_code, told.json()["reason"]) == (503, "stuck")
        assert f"work of the model {spec.name!r}" in told.json()["detail"]
        assert service.http.get("/healthz").status_code == 200
        hung.set()
        wait_until(lambda: ready(service))
        assert service.post("work", asked(spec)).status_code == 200


def test_while_it_is_stuck_nobody_waits_in_vain(bench, spec, tmp_path):
    with held(bench, spec, tmp_path, stuck_seconds=1.5, sweep_seconds=60) as (service, _):
        told = service.post("minutes", asked(spec))
        assert (told.status_code, told.json()["reason"]) == (503, "stuck")
        begun = time.monotonic()
        refused = service.post("work", asked(spec))
        assert (refused.status_code, refused.json()["reason"]) == (503, "stuck")
        assert refused.json()["retry_after"]
        assert time.monotonic() - begun < 2


def test_what_waits_behind_a_long_computation_is_not_taken_for_stuck(bench, spec, tmp_path):
    options = options_of(tmp_path, seconds=0.3, sweep_seconds=60, stuck_seconds=0.1)
    with served(options, bench.operations()) as service:
        service.post("work", asked(spec))
        body = asked(spec, steps=2, seconds=1.5)
        sweep = threading.Thread(target=lambda: service.post("minutes", body), daemon=True)
        sweep.start()
        wait_until(lambda: len(bench.begun) == 2)
        assert service.post("work", asked(spec)).json()["reason"] == "too_slow"
        time.sleep(0.3)
        assert ready(service)
        sweep.join()


def test_the_web_side_learns_on_what_it_is_stuck(bench, spec, tmp_path):
    async def state(url: str):
        connection = Connection(url, SECRET, seconds=5)
        try:
            return await connection.state()
        finally:
            await connection.close()

    with held(bench, spec, tmp_path) as (service, _):
        wait_until(lambda: not ready(service))
        found = asyncio.run(state(service.url))
    assert found.status == "stuck"
    assert "work of the model" in found.detail


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> ModelSpec:
    """A model whose tokenizer and chat template take for ever."""
    folder = make_tiny("llama", tmp_path_factory.mktemp("hostile") / "hostile")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = ENDLESS
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SLOW_RULE), "isolated"), backend.pre_tokenizer]
    )
    tokenizer.save_pretrained(folder)
    facts = load_model(
        str(folder), kind="folder", dtype=torch.float32, device=torch.device("cpu"), cache=folder
    ).facts
    return ModelSpec(
        name="hostile",
        source=str(folder),
        kind="folder",
        weights_sha256=facts.weights_sha256,
        tokenizer_sha256=facts.tokenizer_sha256,
    )


def test_a_template_that_never_ends_is_told_and_the_service_lives_on(
    hostile, tmp_path, monkeypatch
):
    monkeypatch.setattr("analysis.models.templates.SECONDS", 0.3)
    with served(options_of(tmp_path)) as service:
        turns = [{"role": "user", "content": "a"}]
        told = service.post("tokenize", asked(hostile, prompts=[{"turns": turns}]))
        assert (told.status_code, told.json()["reason"]) == (422, "bad_request")
        assert "chat template does not end within 0.3 seconds" in told.json()["detail"]
        assert service.post("tokenize", asked(hostile, prompts=[{"text": "b"}])).status_code == 200


def test_a_tokenizer_that_does_not_end_shows_in_readiness(hostile, tmp_path):
    options = options_of(tmp_path, seconds=0.5, stuck_seconds=0.2)
    with served(options) as service:
        assert service.post("tokenize", asked(hostile, prompts=[{"text": "b"}])).status_code == 200
        told = service.post("tokenize", asked(hostile, prompts=[{"text": SLOW_TEXT}]))
        assert told.json()["reason"] == "too_slow"
        wait_until(lambda: not ready(service), seconds=3)
        assert "tokenize of the model 'hostile'" in service.http.get("/readyz").json()["detail"]
        wait_until(lambda: ready(service), seconds=60)


def test_a_tokenizer_that_gives_up_on_a_text_is_told(hostile, tmp_path):
    with served(options_of(tmp_path)) as service:
        told = service.post("tokenize", asked(hostile, prompts=[{"text": "a" * 40 + "b"}]))
    assert told.json()["reason"] == "bad_request"
    assert "tokenizer fails on this text" in told.json()["detail"]


@pytest.mark.parametrize(
    ("operation", "told", "said"),
    [
        ("hang", "too_slow", "hang of the model 'tiny'"),
        ("freeze", "cut off", "in keep_everything"),
    ],
)
def test_a_supervised_service_that_is_stuck_for_long_is_started_again(
    operation, told, said, spec, tmp_path
):
    """`hang` keeps the thread that computes; `freeze` all of Python."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    output = io.StringIO()
    child = Child(
        "inference",
        [sys.executable, "-m", "tests.inference.program", str(tmp_path), str(port), "--supervised"],
        environment={
            "PATCHCLAMP_INFERENCE_SECRET": SECRET,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    supervisor = Supervisor([child], output=output)
    running = threading.Thread(target=supervisor.run, daemon=True)
    running.start()
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(url), seconds=60)
        assert outcome(url, operation, spec) == told
        wait_until(lambda: "has ended (exit code 1)" in output.getvalue(), seconds=30)
        wait_until(lambda: answers(url), seconds=60)
    finally:
        supervisor.stop()
        running.join(30)
    assert said in output.getvalue()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", headers=HEADERS, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def outcome(url: str, operation: str, spec: ModelSpec) -> str:
    try:
        told = httpx.post(
            f"{url}/v1/{operation}", json=asked(spec), headers=HEADERS, timeout=30, trust_env=False
        )
    except httpx.RemoteProtocolError:
        return "cut off"
    return str(told.json()["reason"])
