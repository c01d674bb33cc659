"""kill -9 at any moment, start again: the store ends with the same bytes."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from analysis.worker.inline import run_inline
from analysis.worker.sweeping.job import KIND
from tests.worker.conftest import ROOT, Laboratory, open_laboratory
from tests.worker.sweeping.conftest import SWEEP, add_planted

REQUEST = SWEEP.model_copy(update={"windows_per_shard": 16, "batch_size": 1})
TABLES = {
    "unit_statistics": "site_id, split, unit_index",
    "exemplars": "site_id, unit_index, split",
    "attention_patterns": "site_id, unit_index, split, kind",
    "site_summaries": "site_id, split, statistic",
    "artifacts": "site_id, split",
    "windows": "number",
}
NOT_COMPARED = {"run_id", "window_set_id", "id", "path"}


def contents(engine: Engine, data: Path, run_id: int) -> dict[str, str]:
    """A digest of everything that the sweep left, but for the numbers of its own rows."""
    found = {}
    with engine.connect() as connection:
        for table, order in TABLES.items():
            rows = connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}"))  # noqa: S608
            digest = hashlib.sha256()
            n = 0
            for row in rows.mappings():
                if row.get("run_id", run_id) != run_id:
                    continue
                n += 1
                kept = [row[name] for name in sorted(row) if name not in NOT_COMPARED]
                digest.update(repr(kept).encode())
            found[table] = f"{n} rows, {digest.hexdigest()}"
    for file in sorted((data / "pools" / str(run_id)).iterdir()):
        found[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A store with model and corpus, and one sweep that nothing interrupted."""
    folder = tmp_path_factory.mktemp("killing")
    opened = open_laboratory(folder)
    opened.environment |= {"PATCHCLAMP_CHECKPOINT_SECONDS": "0"}
    add_planted(opened.engine, opened.settings, folder, n=120)
    result = run_inline(opened.engine, opened.settings, KIND, REQUEST)
    opened.untouched = contents(opened.engine, folder, result["run_id"])
    yield opened
    opened.close()


def start_worker(laboratory: Laboratory) -> subprocess.Popen[str]:
    with (laboratory.folder / f"worker-{len(laboratory.processes)}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"],
            env=laboratory.environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            text=True,
        )
    laboratory.processes.append(process)
    return process


def test_a_sweep_killed_at_several_moments_ends_with_the_same_bytes(prepared):
    job_id = prepared.ask(REQUEST)
    moments = (
        ("while preparing", lambda job: job.status == "running"),
        ("in the pilot", lambda job: (job.progress.done or 0) >= 3 and _counting(job)),
        ("in a shard", lambda job: (job.progress.done or 0) >= 60 and _counting(job)),
        ("later", lambda job: (job.progress.done or 0) >= 150 and _counting(job)),
    )
    for attempt, (_, reached) in enumerate(moments, start=1):
        before = prepared.job(job_id).progress.done or 0

        def is_moment(attempt=attempt, reached=reached, before=before):
            job = prepared.job(job_id)
            going = job.attempts == attempt and (attempt == 1 or (job.progress.done or 0) > before)
            return going and reached(job)

        worker = start_worker(prepared)
        prepared.wait_until(lambda: is_moment() or _ended(prepared, job_id), 60)
        assert not _ended(prepared, job_id), "the sweep ended before it could be killed"
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    worker = start_worker(prepared)
    job = prepared.wait_for_end(job_id, 120)
    worker.terminate()
    assert job.status == "succeeded", job.error
    assert job.attempts == len(moments) + 1
    after = contents(prepared.engine, prepared.folder, job.result["run_id"])
    assert after == prepared.untouched


def _counting(job) -> bool:
    return job.progress.unit == "windows" and job.message == "recording activations"


def _ended(laboratory: Laboratory, job_id: str) -> bool:
    return laboratory.job(job_id).status in {"succeeded", "failed", "cancelled"}
