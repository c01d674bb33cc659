"""`patchclamp bench sweep`: what the sweep costs beyond the forward pass.

In one process, shard by shard in turn: the bare forward pass over a shard's windows, then the
same windows through the whole sweep job (recording, statistics, traces, samples, pools,
checkpoints, publishing to the store). Both without the LM head. Neither counts loading the model
and cutting the windows.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from analysis.corpora.windows import Windows
from analysis.models.subject import SubjectModel
from analysis.sweep.engine import Sweep
from analysis.sweep.plan import Shard
from analysis.sweep.results import exemplars
from analysis.worker.context import JobContext
from analysis.worker.demo import WINDOWS
from analysis.worker.inline import run_inline
from analysis.worker.jobs import JobKind
from analysis.worker.registering import add_corpus, add_model
from analysis.worker.subjects import CACHE
from analysis.worker.sweeping.job import begin_counting, finish
from analysis.worker.sweeping.preparing import prepare
from analysis.worker.sweeping.sampling import plan_of
from app.bench.measurement import Measurement
from app.demo_model import find_gguf
from app.settings import Settings, get_settings
from app.store.engine import open_engine
from app.store.migrating import upgrade
from app.store.requests import Sampling, SweepRequest

QUICK_WINDOWS = {"fit": 96, "calibration": 16, "test": 32, "ood": 32}
NAME = "bench"


@dataclass
class _Times:
    """Seconds."""

    bare: float = 0.0
    counting: float = 0.0
    ending: float = 0.0
    windows: int = 0
    tokens: int = 0
    publishing: float = 0.0
    dtype: str = ""


def measure(quick: bool) -> Iterator[Measurement]:
    """Of the demo's model, corpus and settings, in the dtype that the demo takes here."""
    folder = Path(tempfile.mkdtemp(prefix="patchclamp-bench-"))
    try:
        times = _run(_settings(folder), quick)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    whole = times.counting + times.ending
    over = f"{times.windows} windows, {times.tokens} tokens in {times.dtype}"
    yield Measurement("sweep.ratio", times.bare / whole, "1", "bare forward pass ÷ whole sweep")
    yield Measurement("sweep.bare_seconds", times.bare, "s", f"bare forward pass over {over}")
    yield Measurement("sweep.seconds", whole, "s", "whole sweep over the same windows")
    share = times.publishing / whole
    yield Measurement("sweep.writing_share", share, "1", "of the sweep: writing to the store")
    rate = times.tokens / whole
    yield Measurement("sweep.tokens_per_second", rate, "1/s", "tokens through the whole sweep")


def _settings(folder: Path) -> Settings:
    """A store of its own; the converted model is shared with whoever has it already."""
    ours = get_settings()
    (ours.data / CACHE).mkdir(parents=True, exist_ok=True)
    (folder / CACHE).symlink_to((ours.data / CACHE).resolve())
    return ours.model_copy(update={"data": folder, "database_url": None})


def _run(settings: Settings, quick: bool) -> _Times:
    engine = open_engine(settings)
    upgrade(engine)
    add_model(engine, settings, source=str(find_gguf()), name=NAME, kind="gguf")
    add_corpus(engine, settings, source="starter", name=NAME)
    request = SweepRequest(
        model=NAME,
        corpus=NAME,
        max_windows=QUICK_WINDOWS if quick else WINDOWS,
        windows_per_shard=32 if quick else 128,
        follow_up=False,
    )
    times = _Times()
    kind = JobKind("sweep", SweepRequest, partial(_interleaved, times))
    run_inline(engine, settings, kind, request)
    engine.dispose()
    return times


def _interleaved(times: _Times, context: JobContext[SweepRequest]) -> dict[str, Any]:
    """The sweep job, with the bare forward pass over every shard before or after it."""
    prepared, subject = prepare(context)
    _warm_up(context, subject.model, subject.windows)
    # The sweep's own clock stands still during the bare passes: they are no time in which it may
    # publish or save.
    counting = begin_counting(
        context, prepared, subject, clock=lambda: time.perf_counter() - times.bare
    )
    size = context.request.batch_size
    for number, shard in enumerate(counting.plan.shards):
        if number % 2:
            times.bare += _seconds(partial(_bare, subject.model, subject.windows, shard, size))
        times.counting += _seconds(partial(counting.count, shard))
        if not number % 2:
            times.bare += _seconds(partial(_bare, subject.model, subject.windows, shard, size))
    times.ending += _seconds(counting.end)
    measured = counting.measured()
    times.ending += _seconds(partial(finish, context, prepared, measured))
    times.windows, times.dtype = counting.plan.n_windows, prepared.dtype
    times.tokens, times.publishing = measured["tokens"], measured["publishing_seconds"]
    return {"run_id": prepared.run_id}


def _bare(model: SubjectModel, windows: Windows, shard: Shard, size: int) -> None:
    for start in range(0, len(shard.windows), size):
        tokens, lengths = windows.batch(shard.windows[start : start + size])
        model.run(torch.from_numpy(tokens), lengths=torch.from_numpy(lengths))


def _warm_up(context: JobContext[SweepRequest], model: SubjectModel, windows: Windows) -> None:
    """Compile the kernels and touch the weights, outside of what is timed."""
    sampling = {"default": Sampling(top=2, bottom=2, per_interval=1, random=1, pool=4)}
    few = context.request.model_copy(update={"sampling": sampling, "batch_size": 4})
    plan = plan_of(few, windows)
    plan = replace(plan, splits=plan.splits[:1])
    shard = Shard(plan.splits[0].split, 0, plan.splits[0].numbers[:4])
    folder = context.settings.data / "warm-up"
    sweep = Sweep(model, windows, plan, folder)
    sweep.run_shard(shard, lambda n: None)  # noqa: ARG005
    for state in sweep.states.values():
        exemplars(state)
    shutil.rmtree(folder)


def _seconds(function: Any) -> float:  # noqa: ANN401 - any call without arguments
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
