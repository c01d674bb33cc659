"""kill -9 at any moment, start again: the store ends with the same bytes."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update

from analysis.worker.inline import run_inline
from analysis.worker.registering import add_corpus, add_model
from analysis.worker.sweeping.job import KIND
from app.store.engine import begin, open_session
from app.store.queries.job import get_job
from app.store.tables import RunTable, WindowTable
from tests.analysis.models.tiny import make_tiny_plain
from tests.worker.conftest import ROOT, Laboratory, open_laboratory
from tests.worker.sweeping.conftest import SWEEP, add_planted, write_documents

REQUEST = SWEEP.model_copy(update={"windows_per_shard": 16, "batch_size": 1})
TABLES = {
    "unit_statistics": "site_id, split, unit_index",
    "unit_histograms": "site_id, split, unit_index",
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
        job_id = connection.scalar(text("SELECT job_id FROM runs WHERE id = :id"), {"id": run_id})
    for file in sorted((data / "pools" / job_id).iterdir()):
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


def test_a_sweep_killed_within_batches_ends_with_the_same_bytes(prepared):
    job_id = prepared.ask(REQUEST)
    moments = (
        ("in the pilot", lambda job: (job.progress.done or 0) >= 3 and _counting(job)),
        ("in a shard", lambda job: (job.progress.done or 0) >= 60 and _counting(job)),
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
    with open_session(prepared.engine) as session:
        runs = session.scalars(select(RunTable.id).where(RunTable.job_id == job_id)).all()
    assert runs == [job.result["run_id"]]


def _counting(job) -> bool:
    return job.progress.unit == "windows" and job.message == "recording activations"


def _ended(laboratory: Laboratory, job_id: str) -> bool:
    return laboratory.job(job_id).status in {"succeeded", "failed", "cancelled"}


TINY = SWEEP.model_copy(
    update={
        "model": "tiny",
        "max_windows": {"fit": 20, "calibration": 4, "test": 4, "ood": 4},
        "windows_per_shard": 8,
    }
)


def test_a_sweep_killed_right_after_each_of_its_commits_ends_with_the_same_bytes_and_one_run(
    tmp_path: Path,
) -> None:
    laboratory = open_laboratory(tmp_path)
    laboratory.environment |= {
        "PATCHCLAMP_CHECKPOINT_SECONDS": "0",
        "PATCHCLAMP_LEASE_SECONDS": "0.5",
        "PATCHCLAMP_POLL_SECONDS": "0.02",
        "PATCHCLAMP_THREADS": "1",
    }
    engine, settings = laboratory.engine, laboratory.settings
    words = ["BOS", "<unk>", "the", "cat"]
    make_tiny_plain(tmp_path / "tiny", n_layers=1, vocab=words)
    add_model(engine, settings, source=str(tmp_path / "tiny"), name="tiny")
    documents = write_documents(tmp_path / "documents")
    add_corpus(engine, settings, source=str(documents), name="made", held_out=["other"])
    untouched = run_inline(engine, settings, KIND, TINY)["run_id"]
    expected = contents(engine, tmp_path, untouched)

    program = Path(__file__).with_name("dying.py")
    notes = tmp_path / "notes"
    subprocess.run(
        [sys.executable, str(program), TINY.model_dump_json(), str(notes)],
        env=laboratory.environment,
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=1200,
    )
    died = [line.split() for line in notes.read_text().splitlines()]
    *killed, (last, _) = died
    places = [place for place, _ in killed]
    assert {"store", "step-prepare", "step-count", "step-finish", "end"} == set(places)
    assert places.count("store") > 8
    assert last == "alive"
    with open_session(engine) as session:
        for place, job_id in died:
            job = get_job(session, job_id=job_id)
            assert (job.status, place) == ("succeeded", place)
            assert job.attempts == (1 if place in {"end", "alive"} else 2), place
            runs = list(session.scalars(select(RunTable.id).where(RunTable.job_id == job_id)))
            assert runs == [job.result["run_id"]], place
            assert contents(engine, tmp_path, runs[0]) == expected, place
    laboratory.close()


def test_the_seconds_of_a_run_are_those_of_all_its_attempts(tmp_path: Path) -> None:
    laboratory = open_laboratory(tmp_path)
    laboratory.environment |= {"PATCHCLAMP_CHECKPOINT_SECONDS": "0"}
    add_planted(laboratory.engine, laboratory.settings, tmp_path)
    job_id = laboratory.ask(SWEEP.model_copy(update={"windows_per_shard": 8, "batch_size": 1}))
    worker = start_worker(laboratory)

    def spent() -> dict[str, float]:
        with open_session(laboratory.engine) as session:
            found = session.scalar(select(RunTable.measured).where(RunTable.job_id == job_id))
        return found or {}

    laboratory.wait_until(lambda: "seconds" in spent(), 60)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    with open_session(laboratory.engine) as session:
        assert get_job(session, job_id=job_id).status == "running"
    with begin(laboratory.engine) as connection:  # as if the first attempt had taken an hour
        (row,) = connection.execute(select(RunTable.id).where(RunTable.job_id == job_id))
        connection.execute(
            update(RunTable)
            .where(RunTable.id == row.id)
            .values(measured=spent() | {"seconds": 3600.0})
        )
    start_worker(laboratory)
    assert laboratory.wait_for_end(job_id, 120).status == "succeeded"
    measured = spent()
    assert measured["seconds"] > 3600
    with open_session(laboratory.engine) as session:
        tokens = sum(len(row) // 4 for row in session.scalars(select(WindowTable.tokens)))
    assert measured["tokens"] == tokens
    laboratory.close()
