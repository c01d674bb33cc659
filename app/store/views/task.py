"""Tasks as shown."""

from datetime import datetime
from typing import Any

from app.store.views.base import View
from app.store.views.experiment import JsonText


class TaskLine(View):
    """One line of a list of tasks."""

    slug: str
    """What it is called in addresses, beside its model."""
    model: str
    name: str
    metric: str
    """logit_difference, log_probability, kl, own_tokens"""
    source: str
    """The generator that made it, or the file that it was read from."""
    n_pairs: int
    digest: str
    """SHA-256 of metric and pairs: the same one asks the same."""
    tokenizer_sha256: str | None
    competence: dict[str, Any] | None
    """What the model makes of it: `verdict`, `reason`, `accuracy`, `chance`, …; None: not
    measured."""
    run_id: int | None
    """That measured the competence."""
    actor: str
    created_at: datetime


class TaskView(TaskLine):
    n_circuits: int
    """That were found on it."""
    task: JsonText
    """With its pairs: an `analysis.tasks.task.Task`."""

    def to_json(self) -> bytes:
        rest = self.model_dump_json(exclude={"task"}).encode()
        return b'%b,"task":%b}' % (rest[:-1], self.task)
