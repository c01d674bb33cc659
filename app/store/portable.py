"""An explanation with all that belongs to it, as it leaves one store and enters another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from app.store.writing_explanations import ScoreRow


@dataclass(frozen=True)
class ExplanationRecord:
    """Numbers of the store it is from (`id`, `run_id`) are told, but mean nothing elsewhere."""

    model: str
    site: str
    index: int
    text: str
    program: str | None
    method: str
    author: str
    bits: float | None
    n_rules: int | None
    n_listed: int | None
    created_at: datetime | None
    details: Mapping[str, Any]
    scores: tuple[ScoreRow, ...] = ()
    id: int | None = None
    run_id: int | None = None


class SiteSize(NamedTuple):
    site_id: int
    n_units: int


@dataclass(frozen=True)
class Receiver:
    """The model that explanations are imported for."""

    model_id: int
    name: str
    sweep_id: int | None
    """Its current sweep, on whose windows the programs can be scored."""
    n_vocab: int
    sites: Mapping[str, SiteSize]


@dataclass(frozen=True)
class Span:
    """Some units of a site: from `first` up to, not with, `end`."""

    site: str
    first: int
    end: int
