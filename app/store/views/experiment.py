"""Experiments as shown."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, PlainSerializer, WithJsonSchema

from app.store.packing import read_json
from app.store.views.base import View

JsonText: TypeAlias = Annotated[
    bytes,
    PlainSerializer(read_json, return_type=dict[str, Any]),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]
"""A JSON object as it came, for whoever shows it need not read it."""


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
    """The first of what is edited: `mlp.12/345`, `resid.7`; of a sweep, sites; none: every site."""
    created_at: datetime
    updated_at: datetime


class ExperimentView(ExperimentLine):
    request: dict[str, Any]
    """As the inference service was asked (`analysis.protocol`), without the model."""
    continuations: dict[str, Any] | None
    """`request`, `tokens` and `end` of what was generated under these edits."""
    forks: list[str]
    """The first of those that were forked from it."""
    answer: JsonText
    """What it answered; of a generation, how it ended."""

    @property
    def ran(self) -> dict[str, Any]:
        """How the answer was computed (`analysis.protocol.experiments.Ran`)."""
        return _Told.model_validate_json(self.answer).ran

    def to_json(self) -> bytes:
        rest = self.model_dump_json(exclude={"answer"}).encode()
        return b'%b,"answer":%b}' % (rest[:-1], self.answer)


class _Told(BaseModel):
    """What of an answer is read without reading all of it."""

    ran: dict[str, Any] = {}
