"""How well circuits of the demo's model hold on prompts that they were not found on.

For every kind of task that is made for any model: units are ranked by every method on the prompts
for finding, and the network is run on held-out prompts with only the best of each ranking, all
others resampled from the counterfactual. Beside them as many units at random. Then how well
estimated effects agree with exact ones, and what a whole search takes in memory beside what it says
before. In float32, on the CPU.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from jaxtyping import Int
from torch import Tensor

from analysis.circuits.agreeing import agreement, sample
from analysis.circuits.attribution import METHODS
from analysis.circuits.curves import course, curve
from analysis.circuits.effects import estimate
from analysis.circuits.effects import measure as run_units
from analysis.circuits.finding import (
    N_DOUBTFUL,
    N_EFFECTS,
    Asked,
    Found,
    Search,
)
from analysis.circuits.integrating import integrate_keeping
from analysis.circuits.judging import Judge, judge_of
from analysis.circuits.keeping import batches, each_traced
from analysis.circuits.nested import rank_nested
from analysis.circuits.ranking import ranked, scores_of
from analysis.circuits.sizing import n_search_bytes, n_search_passes
from analysis.circuits.units import Units
from analysis.models.tracing import EditableModel
from analysis.protocol.proofs import Curve
from analysis.solving.measuring import measure as measure_task
from analysis.solving.measuring import reader_of_model
from analysis.tasks.generating import GENERATORS, generate
from analysis.tasks.prompting import Prompted, prompted
from analysis.tasks.task import Metric, Task
from analysis.worker.bench.subjects import editable_demo
from app.bench.measurement import Measurement

PAIRS, QUICK_PAIRS = 128, 24
FIRST: Final = ("agreement", "greater-than", "pronouns")
"""Kinds of task that are measured first: all six take half an hour."""
SEED: Final = 0
N_AGREEING: Final = 80
"""Neurons of the largest estimates, and as many at random, that are run."""
SEARCHED: Final = "indirect-objects"
"""Kind of task that a whole search is run on."""
AT: Final = 0.05
"""The share of units of the figure `faithfulness_at_5`."""
STATM: Final = Path("/proc/self/statm")
PAGE: Final = 4096


def measure(quick: bool) -> Iterator[Measurement]:
    model = editable_demo()
    wanted = kinds()[:1] if quick else kinds()
    if STATM.exists():
        # first: what other work took and gave back would be taken again, and not be seen
        kind = SEARCHED if SEARCHED in wanted else wanted[0]
        yield from _whole(model, *_made(model, kind, quick), kind)
    for kind in wanted:
        task, pairs = _made(model, kind, quick)
        yield from _curves(model, task.metric, pairs, kind)
        yield from _effects(model, task.metric, pairs, kind)


def _made(model: EditableModel, kind: str, quick: bool) -> tuple[Task, Prompted]:
    n = QUICK_PAIRS if quick else PAIRS
    task = generate(kind, reader_of_model(model), n=n, seed=SEED)
    return task, prompted(task, seed=SEED)


def kinds() -> list[str]:
    first = [kind for kind in FIRST if kind in GENERATORS]
    return [*first, *(kind for kind in GENERATORS if kind not in first)]


def _curves(
    model: EditableModel, metric: Metric, pairs: Prompted, kind: str
) -> Iterator[Measurement]:
    units = Units(tuple(model.sites))
    judge = judge_of(batches(model, metric, pairs.held_out), units)
    what = (
        f"{kind}: {judge.n_pairs} held-out prompts, found on {len(pairs.finding)}; "
        "resample ablation"
    )
    courses = {
        method: course(judge, "circuit", order, seed=SEED)
        for method, order in _rankings(model, metric, pairs, units)
    }
    found = {method: curve(judge, one, courses["nested"]) for method, one in courses.items()}
    for method, each in found.items():
        yield from _told(f"circuits.{kind}.{method}", each, what)
    yield from _at(judge, kind, "nested", found["nested"], what)
    yield from _at(judge, kind, "random", found["random"], what)
    for rival in ("ig", "ig_kept"):
        yield from _margins(f"circuits.{kind}", rival, found[rival], what)


def _rankings(
    model: EditableModel, metric: Metric, pairs: Prompted, units: Units
) -> Iterator[tuple[str, Int[Tensor, " unit"] | None]]:
    """All of the same pairs."""
    traced = each_traced(model, metric, pairs.finding)
    for method, scores in scores_of(traced, units, METHODS).items():
        yield method, ranked(scores)
    batched = batches(model, metric, pairs.finding)
    first = integrate_keeping(batched, units)
    yield "ig_kept", ranked(first)
    yield "nested", rank_nested(batched, units, first, seed=SEED)
    yield "random", None


def _told(name: str, found: Curve, what: str) -> Iterator[Measurement]:
    yield Measurement(f"{name}.cpr", found.cpr, "1", what)
    yield Measurement(f"{name}.cmd", found.cmd, "1", what)
    for point in found.points:
        of = f"{point.n_units:,} units; {what}"
        value = point.faithfulness.value
        yield Measurement(f"{name}.faithfulness_at_{point.share:.1%}", value, "1", of)


def _margins(name: str, rival: str, found: Curve, what: str) -> Iterator[Measurement]:
    """By how much `nested` is above it, on the same prompts; and where it is below."""
    margins = [(point, point.margin) for point in found.points[:-1] if point.margin is not None]
    for point, margin in margins:
        for end, value in (("", margin.value), (".low", margin.low), (".high", margin.high)):
            if value is not None:
                at = f"{name}.above_{rival}_at_{point.share:.1%}{end}"
                yield Measurement(at, value, "1", what)
    below = sum(margin.value < 0 for _, margin in margins)
    surely = sum(margin.high is not None and margin.high < 0 for _, margin in margins)
    of = f"of {len(margins)}; {what}"
    yield Measurement(f"{name}.sizes_below_{rival}", below, "1", of)
    yield Measurement(f"{name}.sizes_surely_below_{rival}", surely, "1", of)


def _at(judge: Judge, kind: str, method: str, found: Curve, what: str) -> Iterator[Measurement]:
    point = min(found.points, key=lambda each: abs(each.share - AT))
    name = f"circuits.faithfulness_at_5.{kind}" + ("" if method == "nested" else f".{method}")
    of = f"{point.n_units:,} of {len(judge.units):,} units; {what}"
    yield Measurement(name, point.faithfulness.value, "1", of)
    for end, value in (("low", point.faithfulness.low), ("high", point.faithfulness.high)):
        if value is not None:
            yield Measurement(f"{name}.{end}", value, "1", f"95 % interval; {of}")


def _effects(
    model: EditableModel, metric: Metric, pairs: Prompted, kind: str
) -> Iterator[Measurement]:
    units = Units(tuple(model.sites))
    estimates, sides = estimate(model, metric, pairs.finding[:N_EFFECTS], units)
    drawn = sample(estimates.effect, units, n=N_AGREEING, seed=SEED)
    exact = run_units(sides, units, {*drawn.top, *drawn.random})
    doubtful = ranked(estimates.doubt)[:N_DOUBTFUL].tolist()
    found = agreement(estimates.effect, exact, drawn, doubtful)
    what = (
        f"{kind}: neurons of the {found.n_top} largest estimates and {found.n_random} at random, "
        f"{N_EFFECTS} pairs"
    )
    for name, value in (
        (f"circuits.effect_r.{kind}", found.r),
        (f"circuits.effect_r.{kind}.top", found.r_top),
        (f"circuits.effect_r.{kind}.random", found.r_random),
        (f"circuits.effect_r.{kind}.doubtful_too", found.r_all),
    ):
        if value is not None:
            yield Measurement(name, value, "1", what)


def _whole(model: EditableModel, task: Task, pairs: Prompted, kind: str) -> Iterator[Measurement]:
    """What a search takes, beside what it says before."""
    begun = time.perf_counter()
    measure_task(model, task)
    per_prompt = (time.perf_counter() - begun) / (2 * len(task.pairs))
    asked = Asked(seed=SEED)
    said = n_search_bytes(model.facts, pairs.finding, pairs.held_out, most_units=asked.most_units)
    expected = per_prompt * n_search_passes(
        model.facts, pairs.finding, pairs.held_out, most_units=asked.most_units, steps=asked.steps
    )
    started = time.perf_counter()
    with _peak() as peak:
        found = Search(model, task.metric, pairs, asked).run()
    what = f"a whole search: {kind}, {len(pairs.finding)} and {len(pairs.held_out)} pairs"
    seconds = time.perf_counter() - started
    yield Measurement("circuits.search.seconds", seconds, "s", what)
    yield Measurement("circuits.search.seconds_said_before", expected, "s", what)
    yield Measurement("circuits.search.peak_memory", peak[0] / 2**20, "MiB", what)
    yield Measurement("circuits.search.memory_said_before", said / 2**20, "MiB", what)
    yield Measurement("circuits.search.memory_ratio", peak[0] / said, "1", what)
    yield from _found(found, what)


def _found(found: Found, what: str) -> Iterator[Measurement]:
    """The circuit that was drawn, and how far its links and backups are what they are told as."""
    proof, links = found.proofs[0], found.link_agreement
    run = [each for each in found.backups if each.confirmed is not None]
    for name, value in (
        ("units", len(found.kept)),
        ("faithfulness", proof.faithfulness.value),
        ("completeness", proof.completeness.value),
        ("links_r", links.r),
        ("links_off", links.off),
        ("links_accounted", links.accounted),
        ("backups_run", len(run)),
        ("backups_confirmed", sum(each.confirmed is True for each in run)),
    ):
        if value is not None:
            yield Measurement(f"circuits.search.{name}", value, "1", what)


@contextmanager
def _peak() -> Iterator[list[int]]:
    """Bytes of memory of this process at most, beyond those at the beginning."""
    before, peak, ended = _resident(), [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], _resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _resident() -> int:
    return int(STATM.read_text().split()[1]) * PAGE
