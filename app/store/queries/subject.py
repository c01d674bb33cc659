"""What the inference service must be told of a model: where it is, and how its units behave."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from app.store.locating import no_model
from app.store.packing import unpack
from app.store.tables import ModelTable, RunTable, SiteTable, UnitStatisticsTable, WindowTable

FIT: Final = "fit"
Kind = Literal["hub", "folder", "gguf", "plain"]


@dataclass(frozen=True)
class SubjectRow:
    """Where a model is loaded from, and what it must be."""

    name: str
    source: str
    """A hub id, or a path: relative ones are below the data folder."""
    kind: Kind
    weights_sha256: str
    tokenizer_sha256: str
    n_layers: int
    facts: dict[str, object]
    current_run_id: int | None


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and standard deviation of every unit: sites by layer, neurons before heads; NaN where
    undefined."""

    table: Float32[ndarray, "unit 2"]
    digest: str
    """By which the inference service knows them."""


_moments: WeakKeyDictionary[Pool, dict[int, Moments]] = WeakKeyDictionary()
"""By the pool, then finished sweep, whose statistics do not change."""


def get_subject(session: Session, *, model: str) -> SubjectRow:
    """Raises NotFoundError."""
    row = session.scalar(select(ModelTable).where(ModelTable.name == model))
    if row is None:
        raise no_model(model)
    source, kind = row.source, cast(Kind, row.source_kind)
    if row.folder is not None:
        source, kind = row.folder, "plain" if kind == "plain" else "folder"
    return SubjectRow(
        name=row.name,
        source=source,
        kind=kind,
        weights_sha256=row.weights_sha256,
        tokenizer_sha256=row.tokenizer_sha256,
        n_layers=row.n_layers,
        facts=row.facts,
        current_run_id=row.current_run_id,
    )


def read_moments(
    session: Session, *, run_id: int, digest_of: Callable[[ndarray], str]
) -> Moments | None:
    """Of every unit on the fit split of a sweep. None while units are missing."""
    known = _moments.setdefault(session.get_bind().engine.pool, {})
    if run_id in known:
        return known[run_id]
    run = session.execute(
        select(RunTable.status, RunTable.model_id).where(RunTable.id == run_id)
    ).one_or_none()
    if run is None:
        return None
    table = _read_moments(session, run_id, run.model_id)
    if table is None:
        return None
    found = Moments(table, digest_of(table))
    if run.status == "finished":
        known[run_id] = found
    return found


def _read_moments(
    session: Session, run_id: int, model_id: int
) -> Float32[ndarray, "unit 2"] | None:
    sites = session.execute(
        select(SiteTable.id, SiteTable.n_units)
        .where(SiteTable.model_id == model_id)
        .order_by(SiteTable.layer, SiteTable.kind.desc())
    ).all()
    found = np.zeros((sum(n_units for _, n_units in sites), 2), np.float32)
    table, start = UnitStatisticsTable, 0
    for site_id, n_units in sites:
        rows = session.execute(
            select(table.unit_index, table.mean, table.variance).where(
                table.run_id == run_id, table.site_id == site_id, table.split == FIT
            )
        ).all()
        if len(rows) < n_units:
            return None
        for index, mean, variance in rows:
            found[start + index] = _number(mean), _number(variance) ** 0.5
        start += n_units
    return found


def _number(stored: float | None) -> float:
    return math.nan if stored is None else stored


def read_reference(
    session: Session, *, run_id: int, most: int, seed: int
) -> tuple[tuple[int, ...], ...]:
    """Token ids of windows of the sweep's fit split, drawn at random; fewer where it has fewer."""
    window_set = select(RunTable.window_set_id).where(RunTable.id == run_id).scalar_subquery()
    numbers = session.scalars(
        select(WindowTable.number)
        .where(WindowTable.window_set_id == window_set, WindowTable.split == FIT)
        .order_by(WindowTable.number)
    ).all()
    rng = np.random.default_rng([seed, run_id])
    drawn = rng.choice(len(numbers), size=min(most, len(numbers)), replace=False)
    rows = session.execute(
        select(WindowTable.number, WindowTable.tokens)
        .where(
            WindowTable.window_set_id == window_set,
            WindowTable.number.in_([numbers[place] for place in drawn.tolist()]),
        )
        .order_by(WindowTable.number)
    )
    return tuple(tuple(unpack(tokens, np.uint32).tolist()) for _, tokens in rows)


def read_densities(
    session: Session, *, run_id: int, units: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], float]:
    """By site and index, the share of positions of the fit split with an activation above 0."""
    by_site: dict[str, list[int]] = {}
    for site, index in units:
        by_site.setdefault(site, []).append(index)
    table = UnitStatisticsTable
    found: dict[tuple[str, int], float] = {}
    for site, indices in by_site.items():
        rows = session.execute(
            select(table.unit_index, table.density)
            .join(SiteTable, SiteTable.id == table.site_id)
            .where(
                table.run_id == run_id,
                table.split == FIT,
                SiteTable.name == site,
                table.unit_index.in_(indices),
            )
        )
        found |= {(site, index): density for index, density in rows if density is not None}
    return found
