"""The job kind `sweep`: prepare, count, finish; each is a durable step.

Counting goes shard by shard and checkpoints on the way. What a shard adds to a state does not
depend on interruptions, so however often a sweep is killed it ends with the same bytes.
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from analysis.corpora.window_file import load_windows
from analysis.sweep.engine import Sweep
from analysis.sweep.plan import Plan
from analysis.sweep.pool import file_sha256, pool_file
from analysis.worker.context import JobContext
from analysis.worker.explaining.first import FirstExplanations, hand_on, request_of
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import end_run, note_attempt
from analysis.worker.subjects import model_row, site_ids
from analysis.worker.sweeping.checkpoints import Checkpoints, Clock
from analysis.worker.sweeping.counting import Counting
from analysis.worker.sweeping.leftovers import checkpoint_folder, pool_folder, remove_leftovers
from analysis.worker.sweeping.preparing import Prepared, Subject, prepare, recall, windows_file
from analysis.worker.sweeping.publishing import Publisher
from analysis.worker.sweeping.sampling import plan_of
from app.store.queries.job import queue_job
from app.store.requests import OutputRequest, RelateRequest, SweepRequest
from app.store.showing import show_run
from app.store.tables import ArtifactTable, RunTable, SiteTable


def run(context: JobContext[SweepRequest]) -> dict[str, Any]:
    """The sweep; its result names the run."""
    held: list[Subject] = []

    def prepared_step() -> dict[str, Any]:
        prepared, subject = prepare(context)
        held.append(subject)
        return asdict(prepared)

    prepared = Prepared(**context.step("prepare", prepared_step))
    context.write(lambda session: note_attempt(session, prepared.run_id))
    measured = context.step("count", lambda: _count(context, prepared, held))
    context.step("finish", lambda: finish(context, prepared, measured))
    return {"run_id": prepared.run_id}


KIND = JobKind("sweep", SweepRequest, run, tidy=remove_leftovers)


def _count(
    context: JobContext[SweepRequest], prepared: Prepared, held: list[Subject]
) -> dict[str, Any]:
    if not held:
        # What the job has counted is what its checkpoints know, not what it had told before.
        context.progress(0, 1, "models", f"loading {context.request.model}")
        context.flush()
        held.append(recall(context, prepared))
    subject = held[0]  # kept, for another try would load it a second time
    counting = begin_counting(context, prepared, subject)
    counting.tell_resumed()
    for shard in counting.plan.shards:
        counting.count(shard)
    counting.end()
    return counting.measured()


def begin_counting(
    context: JobContext[SweepRequest],
    prepared: Prepared,
    subject: Subject,
    clock: Clock = time.perf_counter,
) -> Counting:
    """Ready to count from where the last checkpoint was."""
    settings, run_id = context.settings, prepared.run_id
    pools = pool_folder(settings, context.job_id)
    checkpoint = checkpoint_folder(settings, context.job_id)
    plan = plan_of(context.request, subject.windows)
    sweep = Sweep(subject.model, subject.windows, plan, pools)
    checkpoints = Checkpoints(checkpoint, settings.checkpoint_seconds, clock)
    checkpoints.restore(sweep)
    with Session(context.engine) as session:
        model = model_row(session, context.request.model)
        publisher = Publisher(context, sweep, run_id, site_ids(session, model.id), clock)
    first = FirstExplanations(context, run_id, plan, subject.model, subject.windows)
    return Counting(context, sweep, publisher, checkpoints, first)


def finish(context: JobContext[SweepRequest], prepared: Prepared, measured: dict[str, Any]) -> None:
    """Describe the pools, close the run, show it, and ask for what follows."""
    with Session(context.engine) as session:
        run_row = session.get_one(RunTable, prepared.run_id)
        sites = session.scalars(
            select(SiteTable).where(SiteTable.model_id == run_row.model_id).order_by(SiteTable.id)
        ).all()
    windows = load_windows(windows_file(context.settings, prepared.windows_sha256))
    plan = plan_of(context.request, windows)
    artifacts = []
    for done, site in enumerate(sites):
        context.check_cancelled()
        context.progress(done, len(sites), "sites", "hashing pools")
        artifacts += _artifacts(context, prepared.run_id, plan, site)
    context.progress(len(sites), len(sites), "sites", "storing what was found")

    def write(session: Session) -> None:
        if not end_run(session, prepared.run_id, "finished", measured):
            return  # cut short after this had been stored, and now done again
        session.execute(delete(ArtifactTable).where(ArtifactTable.run_id == prepared.run_id))
        if artifacts:
            session.execute(insert(ArtifactTable), artifacts)
        show_run(session, run_row.model_id, prepared.run_id)
        if context.request.follow_up:
            _ask_for_more(session, context, prepared.run_id)

    context.write(write)
    shutil.rmtree(checkpoint_folder(context.settings, context.job_id), ignore_errors=True)


def _artifacts(
    context: JobContext[SweepRequest], run_id: int, plan: Plan, site: SiteTable
) -> list[dict[str, Any]]:
    """The rows that describe a site's pool files."""
    folder = pool_folder(context.settings, context.job_id)
    pools = {
        split: pool_file(folder, site.name, split.split) for split in plan.splits if split.n_pool
    }
    with ThreadPoolExecutor() as hashers:
        sums = list(hashers.map(file_sha256, pools.values()))
    return [
        {
            "run_id": run_id,
            "kind": "pool",
            "site_id": site.id,
            "split": split.split,
            "path": path.relative_to(context.settings.data).as_posix(),
            "shape": [site.n_units, split.n_pool, plan.n_pos],
            "dtype": "float16",
            "n_bytes": path.stat().st_size,
            "sha256": checksum,
            "window_numbers": list(split.numbers[: split.n_pool]),
        }
        for (split, path), checksum in zip(pools.items(), sums, strict=True)
    ]


def _ask_for_more(session: Session, context: JobContext[SweepRequest], run_id: int) -> None:
    """Output sides, related units and explanations, as jobs of their own."""
    request = context.request
    for follower in (
        OutputRequest(model=request.model, run_id=run_id),
        RelateRequest(model=request.model, run_id=run_id),
    ):
        queue_job(session, request=follower, actor="sweep")
    explaining = queue_job(session, request=request_of(request, run_id), actor="sweep")
    hand_on(session, context.job_id, explaining)
