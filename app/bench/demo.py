"""`patchclamp bench demo`: how long the demo takes until there is something to see.

The real command, `patchclamp demo`, in a data folder of its own on a free port, asked over HTTP as
a browser or a program would ask it. In full it runs until first units are explained and every job
has ended but the one that explains all others, and then looks at what it left; `--quick` sweeps a
twentieth of the windows, takes a converted model that is there already, and stops when every unit
can be browsed.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.bench.measurement import Measurement
from app.errors import PatchclampError
from app.settings import get_settings
from app.store.ending import ENDED
from app.store.requests import PrepareDemoRequest

PAGE_SECONDS: Final = 120.0
BROWSABLE_SECONDS: Final = 1800.0
COMPLETE_SECONDS: Final = 7200.0
POLL_SECONDS: Final = 0.1
STOP_SECONDS: Final = 90.0
QUICK_SHARE: Final = 0.05
CONVERTED: Final = "converted"
GB: Final = 1e9
OF_HEADS: Final = "attention_patterns"
OF_EXPLANATIONS: Final = ("explanations", "unit_tokens")
"""They are measured apart: a sweep does not write them."""
EXPLAINED_SECONDS: Final = 3600.0
MODEL: Final = f"/api/v1/models/{PrepareDemoRequest().model}"


class DemoFailedError(PatchclampError):
    """The demo did not get as far as was to be measured."""

    title = "The demo failed"


@dataclass
class _Demo:
    process: subprocess.Popen[bytes]
    url: str
    begun: float
    log: Path

    def wait_for(self, condition: Callable[[], bool], what: str, most: float) -> float:
        """Seconds from the start of the command until the condition holds."""
        while not condition():
            seconds = time.perf_counter() - self.begun
            if self.process.poll() is not None:
                raise DemoFailedError(f"The demo ended by itself.\n{self._last_words()}")
            if seconds > most:
                raise DemoFailedError(f"After {seconds:.0f} s {what}.\n{self._last_words()}")
            time.sleep(POLL_SECONDS)
        return time.perf_counter() - self.begun

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/", timeout=30):  # noqa: S310 (our own)
                return True
        except (urllib.error.HTTPError, OSError):
            return False

    def neurons(self) -> int:
        """Neurons of the model; 0 until each of them has numbers, of heads too."""
        model = self._get(MODEL)
        if model is None or not 0 < model["n_units"] == model["unit_count"]:
            return 0
        sites = self._get(f"{MODEL}/sites") or []
        return sum(site["n_units"] for site in sites if site["kind"] == "mlp")

    def explained(self) -> int:
        """Units whose programs have a score on test text."""
        self.check_jobs()
        summaries = self._get(f"{MODEL}/scores?method=rules&split=test") or []
        return sum(one["n_scored"] for one in summaries)

    def is_complete(self) -> bool:
        jobs = (self._get("/api/v1/jobs") or {"items": []})["items"]
        self._refuse_failures(jobs)
        done = {job["kind"] for job in jobs if job["status"] == "succeeded"}
        left = [job for job in jobs if job["kind"] not in ("explain", "evidence")]
        return {"output", "relate"} <= done and all(job["status"] in ENDED for job in left)

    def check_jobs(self) -> None:
        self._refuse_failures((self._get("/api/v1/jobs") or {"items": []})["items"])

    def _refuse_failures(self, jobs: list[Any]) -> None:
        for job in jobs:
            if job["status"] in ("failed", "cancelled"):
                raise DemoFailedError(f"Its job {job['kind']} {job['status']}: {job['error']}")

    def _get(self, path: str) -> Any:  # noqa: ANN401 - parsed JSON
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        except OSError:  # it is starting, or busy
            return None

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


def measure(quick: bool) -> Iterator[Measurement]:
    """Of the installed demo; needs some gigabytes where temporary files are kept."""
    folder = Path(tempfile.mkdtemp(prefix="patchclamp-bench-"))
    share = QUICK_SHARE if quick else 1.0
    try:
        reused = quick and _reuse_conversion(folder)
        with _started(folder, share) as demo:
            seconds = demo.wait_for(demo.answers, "no page answers", PAGE_SECONDS)
            what = "from `patchclamp demo` in an empty data folder to the first page"
            yield Measurement("demo.page_seconds", seconds, "s", what)
            seconds, n = _wait_for_neurons(demo)
            what = f"from the command until each of {n:,} neurons has numbers and exemplars"
            if quick:
                what += f"; quick: {share:.0%} of the windows"
                what += ", the model was converted before" if reused else ""
            yield Measurement("demo.browsable_seconds", seconds, "s", what)
            if quick:
                return
            unexplained = "no unit has an explanation with a score"
            seconds = demo.wait_for(lambda: demo.explained() > 0, unexplained, EXPLAINED_SECONDS)
            what = "from the command until programs of first units have scores on unseen text"
            yield Measurement("demo.explained_seconds", seconds, "s", what)
            seconds = demo.wait_for(demo.is_complete, "some job has not ended", COMPLETE_SECONDS)
            what = "from the command until sweep, output sides and related units have ended"
            yield Measurement("demo.complete_seconds", seconds, "s", what)
        yield from _sizes(folder, n)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_neurons(demo: _Demo) -> tuple[float, int]:
    found = 0

    def browsable() -> bool:
        nonlocal found
        demo.check_jobs()
        found = demo.neurons()
        return found > 0

    seconds = demo.wait_for(browsable, "not every neuron can be browsed", BROWSABLE_SECONDS)
    return seconds, found


def _sizes(folder: Path, n_neurons: int) -> Iterator[Measurement]:
    whole = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    what = "data folder in the end: store, pools, the converted model, corpus"
    yield Measurement("demo.folder_gigabytes", whole / GB, "GB", what)
    size = _bytes_of_units(folder / "store.sqlite")
    what = f"rows of units in the store, and their indices ÷ {n_neurons:,} neurons; no pools"
    yield Measurement("demo.bytes_per_neuron", size / n_neurons, "B", what)


def _bytes_of_units(file: Path) -> int:
    """Of every table that has a row per unit, but for the one that only heads have."""
    with closing(sqlite3.connect(file)) as connection:
        query = """
            SELECT coalesce(sum(s.pgsize), 0)
            FROM dbstat s JOIN sqlite_master m ON m.name = s.name
            WHERE m.tbl_name != ? AND m.tbl_name IN (
                SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c
                WHERE t.type = 'table' AND c.name = 'unit_index' AND t.name NOT IN (?, ?))
        """
        (size,) = connection.execute(query, (OF_HEADS, *OF_EXPLANATIONS)).fetchone()
    return int(size)


def _reuse_conversion(folder: Path) -> bool:
    """Whether the user's data folder has converted models; they are used, not copied."""
    theirs = get_settings().data / CONVERTED
    if not theirs.is_dir() or not any(theirs.iterdir()):
        return False
    (folder / CONVERTED).symlink_to(theirs.resolve())
    return True


@contextmanager
def _started(folder: Path, share: float) -> Iterator[_Demo]:
    """The demo as a process; stopped as by Ctrl-C in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if "PATCHCLAMP" not in name}
    environment |= {
        "PATCHCLAMP_DATA": str(folder),
        "PATCHCLAMP_HOST": "127.0.0.1",
        "PATCHCLAMP_PORT": str(port),
    }
    log = folder / "demo.log"
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "app", "demo", "--share", str(share)],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _Demo(process, f"http://127.0.0.1:{port}", begun, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
