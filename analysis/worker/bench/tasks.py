"""`patchclamp bench tasks`: whether the demo's model can do what circuits are found on.

Each kind of task that is made for any model: how often the model is right, beside chance and beside
what the best single answer to all prompts would reach, and the metric on clean prompts and on
counterfactuals. Of prompts drawn by a seed; in float32, on the CPU.
"""

from collections.abc import Iterator

from analysis.models.subject import SubjectModel
from analysis.solving.competence import judge
from analysis.solving.measuring import measure as measure_task
from analysis.solving.measuring import reader_of_model
from analysis.tasks.generating import GENERATORS, generate
from analysis.worker.bench.subjects import editable_demo
from app.bench.measurement import Measurement

PAIRS, QUICK_PAIRS = 64, 8
SEED = 0


def measure(quick: bool) -> Iterator[Measurement]:
    model = editable_demo()
    for kind in GENERATORS:
        yield from _solved(model, kind, QUICK_PAIRS if quick else PAIRS)


def _solved(model: SubjectModel, kind: str, n: int) -> Iterator[Measurement]:
    task = generate(kind, reader_of_model(model), n=n, seed=SEED)
    found = judge(task, measure_task(model, task))
    of = f"of {found.n_prompts} prompts of {kind}: {found.reason}"
    right = found.accuracy
    if right is None:
        raise TypeError(f"a task of {kind} names no answers")
    shares = {
        "accuracy": right.value,
        "accuracy_low": right.low,
        "accuracy_high": right.high,
        "chance": found.chance,
        "one_answer": found.one_answer,
    }
    for name, value in shares.items():
        if value is not None:
            yield Measurement(f"tasks.{kind}.{name}", value, "1", of)
    for name, metric in (("clean", found.clean), ("counterfactual", found.counterfactual)):
        what = f"mean {task.metric.kind.replace('_', ' ')}, {name} prompts, {kind}"
        yield Measurement(f"tasks.{kind}.{name}", metric.value, "nats", what)
