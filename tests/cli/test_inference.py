"""`patchclamp inference` in a real process: it starts on its own, and only with a secret."""

import os
import re
import signal
import subprocess
import time

import httpx

from tests.cli.conftest import COMMAND, ROOT

SECRET = "known-to-both-sides"  # noqa: S105 (of tests)


def test_without_a_secret_it_does_not_start_and_says_what_to_do(run):
    ran = run("inference")
    assert ran.returncode == 1
    assert "needs a secret" in ran.stderr
    assert "PATCHCLAMP_INFERENCE_SECRET" in ran.stderr
    assert run("inference", PATCHCLAMP_INFERENCE_SECRET="").returncode == 1


def test_it_serves_whoever_knows_the_secret_which_it_never_tells_and_leaves_when_asked(
    environment,
):
    process = subprocess.Popen(
        [*COMMAND, "inference", "--port", "0"],
        env=environment | {"PATCHCLAMP_INFERENCE_SECRET": SECRET, "PATCHCLAMP_LOG_LEVEL": "debug"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
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
    finally:
        process.kill()
        process.wait()


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
