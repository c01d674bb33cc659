"""`patchclamp bench interventions-served`: what web side and queue add to the model's own time.

The real commands, `patchclamp serve` and `patchclamp inference`, on a data folder of their own with
the demo's model, asked over HTTP. First one person runs experiments on a 64-token prompt, each of
another neuron: what the answer took, less what the service says that it computed. Then ten people
at once, each with a prompt of their own: nobody may get anything but an answer of their own or a
clean 429.
"""

import gzip
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from app.bench.measurement import Measurement
from app.demo_model import find_gguf
from app.errors import PatchclampError
from app.settings import get_settings

MODEL: Final = "bench"
CONVERTED: Final = "converted"
PEOPLE: Final = 10
ALONE, QUICK_ALONE = 100, 8
EACH, QUICK_EACH = 6, 1
"""Experiments of each of the ten."""
N_POS: Final = 64
LAYERS, NEURONS = 30, 1536
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 30.0
OK, BUSY = 201, 429
HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
TEXT: Final = (
    "It is a way I have of driving off the spleen and regulating the circulation. Whenever I find "
    "myself growing grim about the mouth, whenever it is a damp drizzly November in my soul, I "
    "account it high time to get to sea as soon as I can. "
)


class ServedBenchFailedError(PatchclampError):
    title = "The measurement failed"


@dataclass(frozen=True)
class _Told:
    """What became of one experiment."""

    status: int
    milliseconds: float
    model_ms: float
    queue_ms: float
    own: bool
    """Whether prompt and edit of the answer are those that were asked for."""


def measure(quick: bool) -> Iterator[Measurement]:
    """Of the demo's model, on the device that the settings choose."""
    folder = Path(tempfile.mkdtemp(prefix="patchclamp-bench-"))
    try:
        _reuse_conversion(folder)
        with _running(folder) as url:
            yield from _alone(url, QUICK_ALONE if quick else ALONE)
            yield from _together(url, QUICK_EACH if quick else EACH)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alone(url: str, n: int) -> Iterator[Measurement]:
    tokens = _prompt(url, TEXT)
    with closing(_connection(url)) as connection:
        _ask(connection, tokens, 0)  # loads the model
        told = [_ask(connection, tokens, number) for number in range(1, n + 1)]
    wrong = [one.status for one in told if one.status != OK or not one.own]
    if wrong:
        raise ServedBenchFailedError(f"Alone, {len(wrong)} experiments failed: {wrong[:5]}.")
    over = sorted(one.milliseconds - one.model_ms for one in told)
    what = f"an experiment of {len(tokens)} tokens over HTTP less the model's own time, {n} times"
    yield Measurement("interventions.overhead_p50_ms", statistics.median(over), "ms", what)
    yield Measurement("interventions.overhead_p95_ms", over[int(0.95 * len(over))], "ms", what)
    model = statistics.median(one.model_ms for one in told)
    yield Measurement("interventions.model_p50_ms", model, "ms", "the model's own time of these")


def _together(url: str, each: int) -> Iterator[Measurement]:
    with ThreadPoolExecutor(PEOPLE) as people:
        told = [
            one
            for found in people.map(partial(_one_of_many, url, each), range(PEOPLE))
            for one in found
        ]
    n = len(told)
    errors = sum(one.status not in (OK, BUSY) for one in told)
    crossed = sum(one.status == OK and not one.own for one in told)
    busy = sum(one.status == BUSY for one in told)
    what = f"of {n} experiments of {PEOPLE} people at once"
    yield Measurement(
        "interventions.together_errors", errors, "1", f"neither answer nor 429, {what}"
    )
    yield Measurement("interventions.together_crossed", crossed, "1", f"answers of others, {what}")
    yield Measurement("interventions.together_busy", busy, "1", f"told to come again, {what}")
    answered = sorted(one.milliseconds for one in told if one.status == OK)
    yield Measurement(
        "interventions.together_p50_ms", statistics.median(answered), "ms", f"an answer, {what}"
    )


def _one_of_many(url: str, each: int, person: int) -> list[_Told]:
    tokens = _prompt(url, f"Person {person} says: {TEXT}")
    with closing(_connection(url)) as connection:
        return [_ask(connection, tokens, 1000 * person + number) for number in range(each)]


def _connection(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=600)


def _prompt(url: str, text: str) -> list[int]:
    path = f"/api/v1/models/{MODEL}/tokens"
    answer = httpx.post(f"{url}{path}", json={"prompts": [{"text": text}]}, timeout=600)
    return [token["id"] for token in answer.raise_for_status().json()["prompts"][0]][:N_POS]


def _ask(connection: HTTPConnection, tokens: Sequence[int], number: int) -> _Told:
    """Timed from before its first byte is sent until its last has come; what a client then makes of
    it is the client's."""
    site, index = f"mlp.{number % LAYERS}", (97 * number) % NEURONS
    asked: dict[str, Any] = {
        "prompt": {"tokens": list(tokens)},
        "edits": [{"site": site, "index": index, "operation": "zero"}],
        "seed": number,
    }
    body = json.dumps(asked).encode()
    start = time.perf_counter()
    connection.request("POST", f"/api/v1/models/{MODEL}/experiments", body, HEADERS)
    answer = connection.getresponse()
    packed = answer.read()
    taken = 1e3 * (time.perf_counter() - start)
    if answer.status != OK:
        return _Told(answer.status, taken, 0.0, 0.0, own=False)
    found = json.loads(gzip.decompress(packed))["answer"]
    ran, edit = found["ran"], found["edits"][0]
    own = [token["id"] for token in found["tokens"]] == list(tokens)
    own = own and (edit["site"], edit["index"]) == (site, index)
    return _Told(OK, taken, ran["model_ms"], ran["queue_ms"], own)


def _reuse_conversion(folder: Path) -> None:
    ours = get_settings().data / CONVERTED
    ours.mkdir(parents=True, exist_ok=True)
    (folder / CONVERTED).symlink_to(ours.resolve())


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    """Both services on free ports, with the model added."""
    web, inference = _free_port(), _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PATCHCLAMP_")},
        "PATCHCLAMP_DATA": str(folder),
        "PATCHCLAMP_PORT": str(web),
        "PATCHCLAMP_INFERENCE_PORT": str(inference),
        "PATCHCLAMP_INFERENCE_SECRET": secrets.token_urlsafe(16),
    }
    _run(environment, "models", "add", str(find_gguf()), "--name", MODEL)
    with (folder / "log").open("wb") as log:
        children = [
            subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-m", "app", command], env=environment, stdout=log, stderr=log
            )
            for command in ("serve", "inference")
        ]
        try:
            _wait_until_ready(f"http://127.0.0.1:{web}", folder / "log")
            yield f"http://127.0.0.1:{web}"
        finally:
            for child in children:
                child.send_signal(signal.SIGTERM)
            for child in children:
                child.wait(timeout=STOP_SECONDS)


def _run(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "app", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServedBenchFailedError(f"`{' '.join(arguments)}` failed: {done.stderr.strip()}")


def _wait_until_ready(url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).json().get("inference") == "ok":
                return
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(0.2)
    last = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise ServedBenchFailedError(f"The services do not answer after {START_SECONDS:g} s.\n{last}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
