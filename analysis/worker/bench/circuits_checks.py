"""Whether learned rankings of units say anything about the model: are they the same when they are
learned anew, and what do they find where nothing was ever learned?

*Again*: pairs are divided, and the ranking is learned, by other seeds; how many of the first units
of two rankings are the same, beside as many at random. Pairs for finding are drawn from the same
task, so most of them are the same.
*Nothing*: the demo's model with the elements of each of its weight matrices in random order, which
computes something, but nothing that the task asks for (Heap et al. 2025 ask dictionaries of models
with random weights).
What its circuits reach on held-out prompts is what a ranking gets out of having been learned.
"""

import shutil
import tempfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Int
from torch import Tensor

from analysis.circuits.integrating import integrate_keeping
from analysis.circuits.judging import Judge, judge_of
from analysis.circuits.keeping import batches
from analysis.circuits.nested import rank_nested
from analysis.circuits.ranking import ranked
from analysis.circuits.units import Units
from analysis.errors import TaskError
from analysis.models.tracing import EditableModel
from analysis.solving.measuring import reader_of_model
from analysis.tasks.generating import generate
from analysis.tasks.prompting import prompted, proved_on
from analysis.tasks.task import Task
from analysis.worker.bench import circuits_tasks
from analysis.worker.bench.subjects import bare_demo, demo_folder, editable_demo, editable_of
from app.bench.measurement import Measurement

SEEDS: Final = (0, 1, 2)
SHARES: Final = (0.001, 0.01, 0.05)
"""Of all units: how many of the first are compared."""


def measure(quick: bool) -> Iterator[Measurement]:
    kind = next(iter(circuits_tasks.kinds()))
    n_pairs = circuits_tasks.QUICK_PAIRS if quick else circuits_tasks.PAIRS
    model = editable_demo()
    task = generate(kind, reader_of_model(model), n=n_pairs, seed=circuits_tasks.SEED)
    yield from _again(model, task, SEEDS[:2] if quick else SEEDS)
    yield from _nothing(task)


def _again(model: EditableModel, task: Task, seeds: tuple[int, ...]) -> Iterator[Measurement]:
    units = Units(tuple(model.sites))
    orders = []
    for seed in seeds:
        order, _, judge, _ = _learned(model, task, units, seed)
        orders.append(order)
        what = f"{task.name}, pairs divided and ranked by seed {seed}: held-out prompts"
        for name, value in _reached(judge, order):
            yield Measurement(f"circuits.again.seed_{seed}.{name}", value, "1", what)
    what = f"{task.name}: Jaccard index, mean over pairs of {len(seeds)} seeds"
    found_on = [{id(pair) for pair in prompted(task, seed=seed).finding} for seed in seeds]
    shared = [len(one & other) / len(one | other) for one, other in combinations(found_on, 2)]
    yield Measurement("circuits.again.pairs_alike", _mean(shared), "1", what)
    for share in SHARES:
        size = max(1, round(share * len(units)))
        alike = [_jaccard(one[:size], other[:size]) for one, other in combinations(orders, 2)]
        by_chance = share / (2 - share)
        yield Measurement(f"circuits.again.alike_at_{share:.1%}", _mean(alike), "1", what)
        yield Measurement(f"circuits.again.alike_at_{share:.1%}.by_chance", by_chance, "1", what)


def _nothing(task: Task) -> Iterator[Measurement]:
    model = shuffled_demo(circuits_tasks.SEED)
    units = Units(tuple(model.sites))
    try:
        order, first, judge, few = _learned(model, task, units, circuits_tasks.SEED)
    except TaskError as error:  # ablating everything may change nothing there
        yield Measurement("circuits.nothing.tasks", 0, "1", f"{task.name}: {error}")
        return
    where = {"held_out": judge, "finding": few}
    for prompts, of in where.items():
        what = f"{task.name}, weights in random order: {of.n_pairs} prompts, {prompts}"
        for method, row in (("nested", order), ("ig_kept", first)):
            for name, value in _reached(of, row):
                yield Measurement(f"circuits.nothing.{method}.{prompts}.{name}", value, "1", what)


def _learned(
    model: EditableModel, task: Task, units: Units, seed: int
) -> tuple[Int[Tensor, " unit"], Int[Tensor, " unit"], Judge, Judge]:
    """The ranking, the one that it began with, and judges of held-out prompts and of some of those
    for finding."""
    pairs = prompted(task, seed=seed)
    batched = batches(model, task.metric, pairs.finding)
    first = integrate_keeping(batched, units)
    order = rank_nested(batched, units, first, seed=seed)
    judges = [
        judge_of(batches(model, task.metric, some), units)
        for some in (pairs.held_out or pairs.finding, proved_on(pairs.finding))
    ]
    return order, ranked(first), judges[0], judges[1]


def _reached(judge: Judge, order: Int[Tensor, " unit"]) -> Iterator[tuple[str, float]]:
    for share in SHARES:
        found = judge.of_kept(order[: max(1, round(share * len(order)))])
        yield f"faithfulness_at_{share:.1%}", found.value


def _jaccard(one: Int[Tensor, " unit"], other: Int[Tensor, " unit"]) -> float:
    left, right = set(one.tolist()), set(other.tolist())
    return len(left & right) / len(left | right)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def shuffled_demo(seed: int) -> EditableModel:
    """The demo's model with each weight matrix's elements in random order: each matrix has the
    same mean and spread. Vectors (norms, biases) stay."""
    bare = bare_demo()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in bare.parameters():
            if parameter.dim() > 1:
                flat = parameter.flatten()
                order = torch.randperm(len(flat), generator=generator)
                parameter.copy_(flat[order].view_as(parameter))
    with tempfile.TemporaryDirectory() as folder:
        bare.save_pretrained(folder)
        written = {file.name for file in Path(folder).iterdir()}
        for file in demo_folder().iterdir():
            if file.name not in written and file.suffix != ".safetensors":
                shutil.copy(file, folder)  # its tokenizer
        return editable_of(folder)
