"""A sealed laboratory does its work: models added, swept, explained, browsed, judged, exported with
approval; and no process so much as tries to reach another machine."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest

from tests.analysis.models.planted import make_planted
from tests.cli.conftest import Run
from tests.cli.test_up import ADDRESS, Output
from tests.worker.sweeping.conftest import write_documents

WATCHING = '''
"""Of every process that Python starts: what it connects to or looks up, as a line of a file."""
import ipaddress, os, sys

FILE = os.environ["TRIES"]
SEEN = ("socket.connect", "socket.sendto", "socket.sendmsg")
NAMES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


def here(host):
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def watch(event, arguments):
    if event in SEEN and isinstance(arguments[1], tuple) and not here(arguments[1][0]):
        told = f"{event} {arguments[1]}"
    elif event in NAMES and not here(arguments[0]):
        told = f"{event} {arguments[0]}"
    else:
        return
    with open(FILE, "a") as file:
        file.write(f"{os.getpid()} {sys.argv} {told}\\n")


sys.addaudithook(watch)
with open(FILE + ".processes", "a") as file:
    file.write(f"{os.getpid()}\\n")
'''


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Sealed, and each process watched from its first line on."""
    watched = tmp_path / "watched"
    watched.mkdir()
    (watched / "sitecustomize.py").write_text(WATCHING)
    return environment | {
        "PATCHCLAMP_SEALED": "1",
        "TRIES": str(tmp_path / "tries"),
        "PYTHONPATH": os.pathsep.join(
            [str(watched), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }


def test_nothing_is_tried_beyond_this_machine(
    run: Run, start: Callable[..., Popen[str]], tmp_path: Path
) -> None:
    model = make_planted(tmp_path / "model").folder
    documents = write_documents(tmp_path / "documents")
    added = run("models", "add", str(model), "--name", "planted")
    assert added.returncode == 0, added.stderr
    read = run("corpora", "add", str(documents), "--name", "made", "--held-out", "other")
    assert read.returncode == 0, read.stderr
    output = Output(start("up"))
    url = output.wait_for(ADDRESS.pattern)
    with httpx.Client(base_url=url, timeout=30) as client:
        swept = done(client, {"kind": "sweep", "model": "planted", "corpus": "made",
                              "window_length": 16})  # fmt: skip
        done(client, {"kind": "explain", "model": "planted", "run_id": swept["run_id"],
                      "sample": 4})  # fmt: skip
        browse(client)
        judge(client)
        export(client)
        ask_the_model(client)
        kept = client.get("/api/v1/audit", params={"action": "view", "limit": 200}).json()
    assert len(kept["items"]) > 5
    processes = (tmp_path / "tries.processes").read_text().split()
    assert len(set(processes)) >= 5, "two commands, web side, worker and inference"
    tried = tmp_path / "tries"
    assert not tried.exists(), tried.read_text()


def done(client: httpx.Client, request: dict[str, Any], seconds: float = 240) -> dict[str, Any]:
    """What the job came to."""
    asked = client.post("/api/v1/jobs", json=request)
    assert asked.status_code in (200, 201, 202), asked.text
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        job = client.get(f"/api/v1/jobs/{asked.json()['id']}").json()
        if job["status"] in ("succeeded", "failed", "cancelled"):
            assert job["status"] == "succeeded", json.dumps(job)[:2000]
            return dict(job["result"])
        time.sleep(0.2)
    raise TimeoutError(job)


def browse(client: httpx.Client) -> None:
    html = {"accept": "text/html"}
    pages = ("/", "/m/planted", "/m/planted/mlp.0", "/m/planted/mlp.0/1", "/search?q=when", "/jobs",
             "/corpora/made", "/lists", "/m/planted/playground", "/m/planted/scores")  # fmt: skip
    for path in pages:
        assert client.get(path, headers=html).status_code == 200, path


def judge(client: httpx.Client) -> None:
    found = client.get("/api/v1/search", params={"q": "mlp.0", "limit": 5})
    assert found.status_code == 200
    given = client.put("/api/v1/explanations/1/judgement", json={"verdict": "unsure"})
    assert given.status_code in (200, 409), given.text  # the first may be one that failed


def export(client: httpx.Client) -> None:
    address = "/api/v1/models/planted/explanations.jsonl"
    assert client.get(address).status_code == 403
    asked = client.post("/api/v1/exports", json={"address": address, "purpose": "A figure"})
    decided = client.post(f"/api/v1/exports/{asked.json()['id']}/decision", json={"hours": 1})
    assert decided.status_code == 200, decided.text
    assert client.get(address).status_code == 200


def ask_the_model(client: httpx.Client) -> None:
    """Waits for the inference service, which starts last."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        answer = client.post("/api/v1/models/planted/tokens", json={"prompts": [{"text": "a"}]})
        if answer.status_code != 503:
            break
        time.sleep(0.5)
    assert answer.status_code == 200, answer.text
