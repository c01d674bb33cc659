"""`patchclamp inference` in a real process: it starts on its own, and only with a secret."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.cli.conftest import COMMAND, ROOT

SECRET = "known-to-both-sides"


def test_without_a_secret_it_does_not_start_and_says_what_to_do(run):
    ran = run("inference")
    assert ran.returncode == 1
    assert "needs a secret" in ran.stderr
    assert "PATCHCLAMP_INFERENCE_SECRET" in ran.stderr
    assert run("inference", PATCHCLAMP_INFERENCE_SECRET="").returncode == 1


@contextmanager
def serving(environment: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """The service on a free port; what it says and warns of can be read."""
    process = subprocess.Popen(
        [*COMMAND, "inference", "--port", "0", *options],
        env=environment | {"PATCHCLAMP_INFERENCE_SECRET": SECRET},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_serves_whoever_knows_the_secret_which_it_never_tells_and_leaves_when_asked(
    environment,
):
    with serving(environment | {"PATCHCLAMP_LOG_LEVEL": "debug"}) as process:
        said = process.stdout.readline()
        url = "http://" + re.search(r"service is at (\S+)", said)[1]
        headers = {"Authorization": f"Bearer {SECRET}"}
        models = answered(f"{url}/v1/models", headers)
        assert models.json()["models"] == []
        assert models.json()["budget_bytes"] > 0
        assert httpx.get(f"{url}/v1/models", trust_env=False).status_code == 401
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        rest, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - begun < 10
        assert SECRET not in said + rest


@pytest.mark.parametrize("command", ["inference", "up"])
def test_a_short_secret_is_refused_and_not_told(run, command):
    ran = run(command, PATCHCLAMP_INFERENCE_SECRET="hunter2")
    assert ran.returncode == 1
    assert "PATCHCLAMP_INFERENCE_SECRET is too short" in ran.stderr
    assert "openssl rand -hex 32" in ran.stderr
    assert "hunter2" not in ran.stdout + ran.stderr


def test_whoever_lets_others_reach_it_is_warned(environment):
    with serving(environment, "--host", "0.0.0.0") as process:  # noqa: S104 (of tests)
        assert "unencrypted" in process.stdout.readline()


def test_a_port_in_use_is_told(run, start):
    started = start("serve")
    assert started.stdout is not None
    port = re.search(r":(\d+)", next(line for line in started.stdout if "Patchclamp is at" in line))
    ran = run("inference", PATCHCLAMP_INFERENCE_SECRET=SECRET, PATCHCLAMP_INFERENCE_PORT=port[1])
    assert ran.returncode == 1
    assert "cannot listen" in ran.stderr
    assert os.linesep in ran.stderr


def test_up_refuses_to_show_inference_to_others_with_a_secret_that_nobody_knows(run):
    ran = run("up", PATCHCLAMP_INFERENCE_HOST="0.0.0.0")  # noqa: S104 (refused)
    assert ran.returncode == 1
    assert "PATCHCLAMP_INFERENCE_SECRET" in ran.stderr


def answered(url, headers):
    until = time.monotonic() + 30
    while True:
        try:
            return httpx.get(url, headers=headers, trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < until
            time.sleep(0.1)
