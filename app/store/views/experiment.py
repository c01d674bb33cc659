"""Experiments as shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, InstanceOf, SerializeAsAny, WithJsonSchema

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
    answer: Annotated[
        dict[str, Any] | SerializeAsAny[InstanceOf[BaseModel]],
        WithJsonSchema({"type": "object", "additionalProperties": True, "title": "Answer"}),
    ]
    """What it answered, as a message or as its JSON; of a generation, how it ended."""
    continuations: dict[str, Any] | None
    """`request`, `tokens` and `end` of what was generated under these edits."""
    forks: list[str]
    """The first of those that were forked from it."""

    @property
    def ran(self) -> dict[str, Any]:
        return ran_of(self.answer)


def ran_of(answer: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """How an answer was computed (`analysis.protocol.experiments.Ran`); empty where it is not
    told."""
    told = (
        answer.model_dump(mode="json", include={"ran"}) if isinstance(answer, BaseModel) else answer
    )
    return dict(told.get("ran", {}))
