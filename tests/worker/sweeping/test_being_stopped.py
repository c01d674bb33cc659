"""A sweep whose worker is asked to stop ends its shard, saves, and loses nothing."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors import safe_open

from analysis.worker.inline import run_inline
from analysis.worker.sweeping.job import KIND
from tests.worker.conftest import Laboratory, open_laboratory
from tests.worker.sweeping.conftest import SWEEP, add_planted
from tests.worker.sweeping.test_killing import contents, start_worker

SHARD = 16
REQUEST = SWEEP.model_copy(update={"windows_per_shard": SHARD, "batch_size": 1})


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A store with model and corpus, where checkpoints come only when a worker is stopped."""
    folder = tmp_path_factory.mktemp("stopping")
    opened = open_laboratory(folder)
    opened.environment |= {"PATCHCLAMP_CHECKPOINT_SECONDS": "3600"}
    add_planted(opened.engine, opened.settings, folder, n=120)
    yield opened
    opened.close()


def start_in_mid_sweep(laboratory: Laboratory, job_id: str) -> subprocess.Popen[str]:
    """A worker that has counted some shards and is counting another."""
    worker = start_worker(laboratory)

    def counting() -> bool:
        job = laboratory.job(job_id)
        return job.message == "recording activations" and (job.progress.done or 0) > 2 * SHARD

    laboratory.wait_until(counting, 60)
    return worker


def test_a_stopped_sweep_goes_on_where_it_was_and_ends_with_the_same_bytes(
    laboratory: Laboratory,
) -> None:
    untouched = run_inline(laboratory.engine, laboratory.settings, KIND, REQUEST)
    assert untouched is not None
    expected = contents(laboratory.engine, laboratory.folder, untouched["run_id"])
    job_id = laboratory.ask(REQUEST)
    worker = start_in_mid_sweep(laboratory, job_id)
    reached = laboratory.job(job_id).progress.done or 0

    worker.send_signal(signal.SIGINT)
    assert worker.wait(timeout=30) == 0
    stopped = laboratory.job(job_id)
    assert stopped.status == "queued"
    assert (stopped.progress.done or 0) >= reached
    assert saved_windows(laboratory.folder, job_id)

    worker = start_worker(laboratory)
    ended = laboratory.wait_for_end(job_id, 120)
    worker.terminate()
    worker.wait(timeout=30)
    assert ended.status == "succeeded", ended.error
    assert ended.result is not None
    told = [event.data for event in laboratory.events(job_id) if event.kind == "resumed"]
    assert [data["goes_on_from"] for data in told] == [{"windows": stopped.progress.done}]
    assert contents(laboratory.engine, laboratory.folder, ended.result["run_id"]) == expected


def saved_windows(folder: Path, job_id: str) -> list[str]:
    """Checkpoint files of the job, each of which can be read."""
    files = sorted((folder / "checkpoints" / job_id).glob("*.safetensors"))
    for file in files:
        with safe_open(file, framework="np") as opened:
            assert opened.keys()
    return [file.name for file in files]


def test_a_cancelled_sweep_does_not_count_its_shard_to_the_end(laboratory: Laboratory) -> None:
    job_id = laboratory.ask(REQUEST)
    worker = start_in_mid_sweep(laboratory, job_id)
    laboratory.cancel(job_id)
    assert laboratory.wait_for_end(job_id, 10).status == "cancelled"
    assert not saved_windows(laboratory.folder, job_id)
    worker.terminate()
    assert worker.wait(timeout=30) == 0
