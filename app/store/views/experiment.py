"""Experiments as shown."""

from datetime import datetime
from typing import Any

from app.store.views.base import View


class ExperimentLine(View):
    """One line of a list of experiments."""

    slug: str
    """Random; its permalink."""
    model: str
    kind: str
    """experiment, generation, edit_sweep"""
    name: str | None
    note: str | None
    actor: str
    parent: str | None
    """What it was forked from."""
    run_id: int
    prompt: str | None
    """Its beginning; None where token ids were given."""
    n_edits: int
    places: list[str]
    """The first of what is edited: `mlp.12/345`, `resid.7`."""
    created_at: datetime
    updated_at: datetime


class ExperimentView(ExperimentLine):
    request: dict[str, Any]
    """As the inference service was asked (`analysis.protocol`), without the model."""
    answer: dict[str, Any]
    """What it answered; of a generation, how it ended."""
    continuations: dict[str, Any] | None
    """`request`, `tokens` and `end` of what was generated under these edits."""
    forks: list[str]
    """The first of those that were forked from it."""
