"""What can go wrong in a sweep: the error is clear, the rest is unharmed, nothing is lost."""

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from analysis.sweep import pool
from analysis.worker.inline import run_inline
from analysis.worker.registering import add_corpus, add_model
from analysis.worker.sweeping import sizing
from analysis.worker.sweeping.job import KIND
from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.engine import open_session
from app.store.queries.exemplar import get_exemplars
from app.store.queries.model import get_model, list_summaries
from app.store.queries.run import get_run, list_runs
from app.store.queries.unit import get_unit, list_units
from app.store.sizing import size_of
from tests.analysis.models.planted import make_planted
from tests.analysis.models.tiny import make_tiny_plain
from tests.worker.conftest import ROOT, Laboratory
from tests.worker.sweeping.conftest import SWEEP, add_planted, write_documents
from tests.worker.sweeping.test_killing import contents, start_worker

SICK = {3: float("nan"), 4: float("inf"), 5: float("-inf")}


def _make_sick(folder: Path) -> None:
    """Neurons 3, 4 and 5 of layer 1 are never finite; nothing reads them."""
    weights = load_file(folder / "model.safetensors")
    name = "blocks.1.mlp.b_in"
    bias = weights.get(name, torch.zeros(weights["blocks.1.mlp.W_in"].shape[1]))
    for unit, value in SICK.items():
        bias[unit] = value
        weights["blocks.1.mlp.W_gate"][:, unit] = 0
        weights["blocks.1.mlp.W_out"][unit] = 0
    gate = weights.get("blocks.1.mlp.b_gate")
    assert gate is None
    save_file(weights | {name: bias}, folder / "model.safetensors")


def test_activations_that_are_not_finite_are_flagged_and_counted_and_harm_nobody(
    laboratory: Laboratory,
) -> None:
    folder, engine, settings = laboratory.folder, laboratory.engine, laboratory.settings
    add_planted(engine, settings, folder)
    healthy = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    sick = make_planted(folder / "sick")
    _make_sick(sick.folder)
    add_model(engine, settings, source=str(sick.folder), name="sick")
    run_id = run_inline(engine, settings, KIND, SWEEP.model_copy(update={"model": "sick"}))[
        "run_id"
    ]
    with open_session(engine) as session:
        flagged = list_units(session, model="sick", site="mlp.1", flagged=True).items
        assert [row.index for row in flagged] == list(SICK)
        for row in flagged:
            assert row.n_positions == 0
            assert row.n_nonfinite > 1000
            assert (row.mean, row.kurtosis, row.maximum) == (None, None, None)
            found = get_exemplars(session, model="sick", site="mlp.1", index=row.index, kind="top")
            assert found.items == []
        for site in ("mlp.0", "mlp.1", "attn.1"):
            for index in (0, 1, 8):
                if site == "attn.1" and index > 1:
                    continue
                one = get_unit(session, model="planted", site=site, index=index, run_id=healthy)
                other = get_unit(session, model="sick", site=site, index=index, run_id=run_id)
                for a, b in zip(one.statistics, other.statistics, strict=True):
                    assert a.mean == b.mean
                    assert a.histogram == b.histogram


@pytest.mark.parametrize(
    ("writing", "says"),
    [("pool", "[Errno 27]"), ("checkpoint", "File too large (os error 27)")],
)
def test_a_disk_that_is_full_in_mid_sweep_makes_it_wait_and_then_go_on(
    laboratory: Laboratory, writing: str, says: str
) -> None:
    folder = laboratory.folder
    laboratory.environment |= {"PATCHCLAMP_CHECKPOINT_SECONDS": "0"}
    add_planted(laboratory.engine, laboratory.settings, folder, n=60)
    untouched = run_inline(laboratory.engine, laboratory.settings, KIND, SWEEP)
    before = contents(laboratory.engine, folder, untouched["run_id"])
    job_id = laboratory.ask(SWEEP)
    program = Path(__file__).with_name("program.py")
    with (folder / "full.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(program), "3", writing],
            env=laboratory.environment, cwd=ROOT, stdout=log, stderr=log, text=True,
        )  # fmt: skip
    laboratory.processes.append(process)
    job = laboratory.wait_for_end(job_id, 120)
    assert job.status == "succeeded", job.error
    # While nothing could be written, not even that could; what counts is that nothing was lost.
    log_text = (folder / "full.log").read_text()
    assert "job waits" in log_text
    assert says in log_text
    assert contents(laboratory.engine, folder, job.result["run_id"]) == before


def test_a_cancelled_sweep_keeps_what_it_published_and_frees_its_pools(
    laboratory: Laboratory,
) -> None:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder, n=400)
    job_id = laboratory.ask(SWEEP.model_copy(update={"batch_size": 1, "windows_per_shard": 16}))
    start_worker(laboratory)
    published = lambda: any(e.kind == "published" for e in laboratory.events(job_id))  # noqa: E731
    laboratory.wait_until(published, 60)
    laboratory.cancel(job_id)
    assert laboratory.wait_for_end(job_id).status == "cancelled"
    laboratory.wait_until(lambda: not left_files(laboratory))
    with open_session(laboratory.engine) as session:
        model = get_model(session, name="planted")
        assert model.unit_count == model.n_units
        assert get_run(session, run_id=model.current_run_id).status == "cancelled"


def left_files(laboratory: Laboratory) -> list[Path]:
    """While a worker may delete them: a glob fails where a folder goes away before it is read."""
    folders = [laboratory.folder / "pools", laboratory.folder / "checkpoints"]
    return [
        Path(under, name)
        for folder in folders
        for under, _, names in os.walk(folder)  # passes by what is gone
        for name in names
    ]


def test_a_sweep_cancelled_while_nobody_works_leaves_no_running_run_and_no_files(
    laboratory: Laboratory,
) -> None:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder, n=400)
    job_id = laboratory.ask(SWEEP.model_copy(update={"batch_size": 1, "windows_per_shard": 16}))
    worker = start_worker(laboratory)
    laboratory.wait_until(lambda: left_files(laboratory), 60)
    worker.terminate()
    worker.wait()
    assert laboratory.job(job_id).status == "queued"
    assert left_files(laboratory)

    laboratory.cancel(job_id)
    with open_session(laboratory.engine) as session:
        (run,) = list_runs(session, model="planted").items
    assert run.status == "cancelled"
    start_worker(laboratory)
    laboratory.wait_until(lambda: not left_files(laboratory))


def test_a_model_that_changed_since_it_was_added_is_refused(laboratory: Laboratory) -> None:
    planted = add_planted(laboratory.engine, laboratory.settings, laboratory.folder)
    weights = load_file(planted.folder / "model.safetensors")
    weights["W_E"] = weights["W_E"] * 2
    save_file(weights, planted.folder / "model.safetensors")
    with pytest.raises(ConflictError, match="have changed since"):
        run_inline(laboratory.engine, laboratory.settings, KIND, SWEEP)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"model": "nobody"}, NotFoundError, "no model 'nobody'"),
        ({"corpus": "nothing"}, NotFoundError, "no corpus 'nothing'"),
        ({"window_length": 512}, BadRequestError, "longer than the context"),
        ({"device": "cuda:77"}, BadRequestError, "cannot be used here"),
    ],
)
def test_what_is_not_there_is_named(laboratory: Laboratory, change, error, says) -> None:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder, n=10)
    request = SWEEP.model_copy(update=change)
    with pytest.raises(error, match=says) as raised:
        run_inline(laboratory.engine, laboratory.settings, KIND, request)
    assert raised.value.hint


def test_a_corpus_shorter_than_asked_for_is_taken_whole_and_said_so(
    laboratory: Laboratory,
) -> None:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder, n=20)
    request = SWEEP.model_copy(update={"max_windows": {"fit": 100_000}})
    run_id = run_inline(laboratory.engine, laboratory.settings, KIND, request)["run_id"]
    with open_session(laboratory.engine) as session:
        found = get_run(session, run_id=run_id).parameters["windows"]["fit"]
    assert found["asked"] == 100_000
    assert 0 < found["found"] == found["taken"] < 100_000


def test_a_corpus_of_one_document_has_one_split_and_is_swept(laboratory: Laboratory) -> None:
    engine, settings, folder = laboratory.engine, laboratory.settings, laboratory.folder
    planted = make_planted(folder / "model")
    add_model(engine, settings, source=str(planted.folder), name="planted")
    text = write_documents(folder / "documents", 2) / "plain" / "0.txt"
    add_corpus(engine, settings, source=str(text), name="made")
    run_id = run_inline(engine, settings, KIND, SWEEP)["run_id"]
    with open_session(engine) as session:
        run = get_run(session, run_id=run_id)
    assert np.sum(np.array(list(run.window_counts.values())) > 0) == 1


@pytest.mark.parametrize(
    ("left", "needed", "lower"),
    [("memory_left", "of memory", "--sampling fit:top"), ("disk_left", "of disk", "pool=")],
)
def test_a_sweep_that_does_not_fit_is_refused_before_it_begins_and_says_what_to_lower(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch, left: str, needed: str, lower: str
) -> None:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder, n=10)
    monkeypatch.setattr(sizing, left, lambda *_: 10_000)
    with pytest.raises(BadRequestError, match=needed) as raised:
        run_inline(laboratory.engine, laboratory.settings, KIND, SWEEP)
    assert lower in (raised.value.hint or "")
    with open_session(laboratory.engine) as session:
        assert list_runs(session, model="planted").items == []
    assert not left_files(laboratory)


def test_what_a_sweep_is_said_to_need_is_near_what_it_takes(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = sizing.disk_bytes

    def noted(*args, **names) -> int:
        asked.append(real(*args, **names))
        return asked[-1]

    monkeypatch.setattr(sizing, "disk_bytes", noted)
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder)
    run_inline(laboratory.engine, laboratory.settings, KIND, SWEEP)
    with closing(sqlite3.connect(laboratory.folder / "store.sqlite")) as connection:
        (rows,) = connection.execute(
            "SELECT sum(pgsize) FROM dbstat WHERE name IN "
            "('exemplars', 'attention_patterns', 'unit_statistics', 'unit_histograms')"
        ).fetchone()
    pools = sum(file.stat().st_size for file in (laboratory.folder / "pools").glob("*/*"))
    assert pools + rows < asked[0] < 4 * (pools + rows)
    with open_session(laboratory.engine) as session:
        told = size_of(session, SWEEP)
    assert told.pools == pools
    assert rows / 2 < told.rows < 2 * rows


def test_a_pool_that_finds_no_room_gives_back_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(file: int, offset: int, size: int) -> None:
        os.ftruncate(file, offset + size // 2)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fill_up)
    with pytest.raises(OSError, match="No space left"):
        pool.reserve(tmp_path / "pools" / "mlp.0.fit.f16", 1_000_000)
    assert not list((tmp_path / "pools").iterdir())


def test_the_map_counts_the_same_units_as_dead_as_the_table_of_units(
    laboratory: Laboratory,
) -> None:
    engine, settings, folder = laboratory.engine, laboratory.settings, laboratory.folder
    add_planted(engine, settings, folder)
    file = make_tiny_plain(folder / "relu", vocab=["BOS", "<unk>"]) / "model.safetensors"
    weights = load_file(file)
    weights["blocks.0.mlp.W_in"][:, :2] = 0
    weights["blocks.0.mlp.b_in"][:2] = torch.tensor([1.0, -1.0])  # always 1; never above 0
    save_file(weights, file)
    add_model(engine, settings, source=str(file.parent), name="relu")
    run_inline(engine, settings, KIND, SWEEP.model_copy(update={"model": "relu"}))
    with open_session(engine) as session:
        dead = [u.index for u in list_units(session, model="relu", site="mlp.0", dead=True).items]
        (first, *_) = list_summaries(session, model="relu", statistic="density", kind="mlp")
    assert 1 in dead
    assert 0 not in dead
    assert (first.site, first.n_dead) == ("mlp.0", len(dead))
