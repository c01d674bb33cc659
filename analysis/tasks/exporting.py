"""Tasks as JSON lines, which import to the same task: the same digest, for the same tokenizer."""

import json
from typing import Any

from analysis.tasks.task import Pair, Task


def export_task(task: Task) -> bytes:
    """A heading with name and metric, then a row for each pair. Answers are written exactly as they
    follow the prompt."""
    heading: dict[str, Any] = {"task": task.name, "metric": task.metric.kind, "exact": True}
    if task.metric.kind == "own_tokens":
        heading["raised"] = [token.text for token in task.metric.raised]
        heading["lowered"] = [token.text for token in task.metric.lowered]
    lines = [heading, *(_row(pair) for pair in task.pairs)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _row(pair: Pair) -> dict[str, Any]:
    row: dict[str, Any] = {
        "clean": pair.clean.text,
        "counterfactual": pair.counterfactual.text,
        "answer": [token.text for token in pair.right],
        "wrong": [token.text for token in pair.wrong],
    }
    held = {"name": pair.name, "template": pair.template, "words": list(pair.words)}
    return row | {column: value for column, value in held.items() if value}
