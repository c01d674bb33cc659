"""The job kind `relate`: related units of every unit, by output direction and by activity."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from numpy import ndarray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.sweep import kernels
from analysis.sweep.pool import read_pool
from analysis.weights.relatives import Relatives, by_activity, by_direction
from analysis.worker.context import JobContext
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import begin_run, command, end_run
from analysis.worker.subjects import load_subject, model_row, sweep_row
from app.settings import Settings
from app.store.packing import pack
from app.store.requests import RelateRequest
from app.store.tables import ArtifactTable, SiteTable
from app.store.writing import RelatedRow, write_related

METHOD, METHOD_VERSION = "cosine of output vectors; Pearson r on the fit pool", "1"
LARGEST_TABLE = 1_500_000_000
"""Bytes of activity held at once; larger pools are read at random tokens."""


def run(context: JobContext[RelateRequest]) -> dict[str, Any]:
    """The result names the run. Done twice it leaves the same rows under a new run."""
    request, settings = context.request, context.settings
    with Session(context.engine) as session:
        sweep = sweep_row(session, request.run_id)
        row = model_row(session, request.model)
        sites = session.scalars(
            select(SiteTable).where(SiteTable.model_id == row.id).order_by(SiteTable.id)
        ).all()
        pools = _pools(session, request.run_id)

    def begin(session: Session) -> int:
        return begin_run(
            session,
            kind="relate",
            method=METHOD,
            method_version=METHOD_VERSION,
            model_id=row.id,
            corpus_id=sweep.corpus_id,
            window_set_id=sweep.window_set_id,
            of_run_id=sweep.id,
            job_id=context.job_id,
            parameters={"n_related": request.n_related, "split": "fit"},
            seed=sweep.seed,
            dtype="float32",
            device="cpu",
            command=command_of(request),
        )

    run_id = context.step("begin", lambda: context.write(begin))
    measured: dict[str, Any] = {}
    neurons = [site for site in sites if site.kind == "mlp"]
    if neurons:
        model = load_subject(
            row, dtype=torch.float32, device=torch.device("cpu"), settings=settings
        )
        vectors = torch.cat([model.output_vectors(site.name) for site in neurons])
        found = by_direction(vectors, n=request.n_related, tell=_teller(context, "directions"))
        _store(context, run_id, neurons, "output", found)
        measured["neurons"] = len(vectors)
    if pools:
        first = sweep.parameters["counted_from"]
        activity = _activity(settings, sites, pools, first=first, seed=sweep.seed)
        measured |= {"units": activity.shape[0], "tokens": activity.shape[1]}
        found = by_activity(
            activity, n=request.n_related, seed=sweep.seed, tell=_teller(context, "activity")
        )
        _store(context, run_id, sites, "activity", found)
    context.write(lambda session: end_run(session, run_id, "finished", measured))
    return {"run_id": run_id}


def command_of(request: RelateRequest) -> str:
    """The command that runs it again."""
    options = {"model": request.model, "run-id": request.run_id, "n-related": request.n_related}
    return command("relate", options)


KIND = JobKind("relate", RelateRequest, run)


def _pools(session: Session, run_id: int) -> dict[int, ArtifactTable]:
    rows = session.scalars(
        select(ArtifactTable).where(
            ArtifactTable.run_id == run_id,
            ArtifactTable.kind == "pool",
            ArtifactTable.split == "fit",
        )
    )
    return {row.site_id: row for row in rows}


def _activity(
    settings: Settings,
    sites: Sequence[SiteTable],
    pools: dict[int, ArtifactTable],
    *,
    first: int,
    seed: int,
) -> Float32[ndarray, "unit token"]:
    """Every unit's activations at the counted tokens of the fit pool; what is not finite is 0."""
    n_units = sum(site.n_units for site in sites)
    there = _counted(settings.data, pools[sites[0].id], first)
    most = max(LARGEST_TABLE // (4 * n_units), 2)
    if len(there) > most:
        chosen = np.random.default_rng(seed).choice(len(there), most, replace=False)
        there = there[np.sort(chosen)]
    table = np.empty((n_units, len(there)), np.float32)
    start = 0
    for site in sites:
        pool = _read(settings.data, pools[site.id])
        rows = pool.reshape(site.n_units, -1)[:, there]
        np.nan_to_num(rows, copy=False, posinf=0, neginf=0)
        table[start : start + site.n_units] = rows
        start += site.n_units
    return table


def _counted(data: Path, pool: ArtifactTable, first: int) -> ndarray:
    """Places of the counted tokens in a unit's pool; windows may end early."""
    _, n_windows, n_pos = pool.shape
    # What stands past a window's end is told from an activation that is NaN by its bits.
    inside = _read(data, pool)[0].view(np.uint16) != kernels.NOTHING
    inside[:, :first] = False
    return np.flatnonzero(inside.reshape(n_windows * n_pos))


def _read(data: Path, pool: ArtifactTable) -> ndarray:
    n_units, n_windows, n_pos = pool.shape
    return read_pool(data / pool.path, (n_units, n_windows, n_pos))


def _teller(context: JobContext[RelateRequest], what: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(done, total, "units", f"comparing {what}")

    return tell


def _store(
    context: JobContext[RelateRequest],
    run_id: int,
    sites: Sequence[SiteTable],
    method: str,
    found: list[Relatives],
) -> None:
    """Write the relatives of units that stand site by site in `sites`."""
    units = np.concatenate([each.units for each in found])
    values = np.concatenate([each.values for each in found])
    starts = np.cumsum([0, *(site.n_units for site in sites)])
    place = np.searchsorted(starts, units, side="right") - 1
    site_numbers = np.array([site.id for site in sites])[place]
    indices = units - starts[place]
    for site, start in zip(sites, starts.tolist(), strict=False):
        rows = [
            _row(unit, method, site_numbers[i], indices[i], values[i])
            for unit, i in enumerate(range(start, start + site.n_units))
        ]
        context.write(partial(_write_site, run_id=run_id, site_id=site.id, rows=rows))


def _write_site(session: Session, *, run_id: int, site_id: int, rows: list[RelatedRow]) -> None:
    write_related(session.connection(), run_id=run_id, site_id=site_id, rows=rows)


def _row(
    unit: int, method: str, site_numbers: ndarray, indices: ndarray, values: ndarray
) -> RelatedRow:
    there = np.isfinite(values)
    return RelatedRow(
        unit,
        method,
        pack(site_numbers[there], np.uint32),
        pack(indices[there], np.uint32),
        pack(values[there], np.float32),
    )
