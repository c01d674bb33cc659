"""The pair of prompts that a circuit is drawn over, found again among those of its task.

A circuit keeps the clean prompt of it and its answer; the task keeps all pairs. Of a task of ten
thousand only those with this very prompt are read as pairs.
"""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy.orm import Session

from analysis.protocol.circuits import Graph
from analysis.tasks.task import Metric, Pair
from app.pages.proved import Proved
from app.store.queries.task import get_task


@dataclass(frozen=True)
class DrawnPair:
    metric: Metric
    pair: Pair | None
    """None: the task has no pair with the prompt that is drawn."""
    n_alike: int = 1
    """Pairs that have this clean prompt and this answer: with more than one, the others differ in
    the counterfactual, and which of them was drawn is not kept."""


def find_pair(session: Session, proved: Proved) -> DrawnPair | None:
    """None: the circuit was made elsewhere, and has no task."""
    on = proved.view.on
    if on is None:
        return None
    task: dict[str, Any] = from_json(get_task(session, model=on.model, slug=on.slug).task)
    metric = Metric.model_validate(task.get("metric", {}))
    alike = _alike(task["pairs"], proved.circuit.graph)
    return DrawnPair(metric, alike[0] if alike else None, n_alike=len(alike))


def _alike(pairs: list[dict[str, Any]], graph: Graph) -> list[Pair]:
    """In the order of the task."""
    found = [pair for pair in pairs if pair["clean"]["text"] == graph.prompt]
    read = [Pair.model_validate(pair, strict=False) for pair in found]
    answers = {node.token for node in graph.nodes if node.kind == "logit"} - {None}
    if not answers:
        return read
    return [pair for pair in read if not pair.right or pair.right[0].id in answers]
