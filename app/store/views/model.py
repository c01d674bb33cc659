"""A model and its sites, as pages and the API show them."""

from datetime import datetime
from typing import Any

from app.store.views.base import View


class SiteView(View):
    name: str
    kind: str
    layer: int
    n_units: int
    unit_count: int
    """Units with statistics so far."""


class PlaceView(View):
    """Where a unit is: its site, and what its page must know of the model."""

    model: str
    site: str
    kind: str
    layer: int
    n_units: int
    n_layers: int
    facts: dict[str, Any]
    run_id: int
    """Whose numbers are shown."""
    current_run_id: int | None
    """Whose numbers are shown where nobody asks for a run."""


class ModelView(View):
    name: str
    title: str
    source: str
    source_kind: str
    architecture: str
    facts: dict[str, Any]
    n_layers: int
    n_parameters: int
    weights_sha256: str
    tokenizer_sha256: str
    n_units: int
    unit_count: int
    """Units with statistics so far, in the run that was asked for, else in the current one."""
    current_run_id: int | None
    splits: list[str]
    """Splits that this run has numbers for, fit first."""
    created_at: datetime


class SummaryView(View):
    """How one statistic is distributed over the units of one site."""

    site: str
    kind: str
    layer: int
    statistic: str
    split: str
    n_units: int
    n_undefined: int
    n_dead: int
    n_flagged: int
    edges: list[float]
    counts: list[int]
    quantiles: list[float]
