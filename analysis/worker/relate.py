"""The job kind `relate`: related units of every unit, by output direction and by activity."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
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
from analysis.weights.relatives import (
    SPARE,
    Relatives,
    chance,
    directions,
    most_alike,
    products_of,
    random_directions,
    recall,
    shuffled,
    standardise,
)
from analysis.worker.context import JobContext
from analysis.worker.following import begin_following
from analysis.worker.jobs import JobKind
from analysis.worker.provenance import command, end_run
from analysis.worker.subjects import load_subject, model_row, sweep_row
from app.settings import Settings
from app.store.packing import pack
from app.store.requests import RelateRequest
from app.store.tables import ArtifactTable, SiteTable
from app.store.writing import RelatedRow, write_related

METHOD, METHOD_VERSION = "cosine of output vectors; Pearson r on the fit pool", "2"
LARGEST_TABLE = 1_500_000_000
"""Bytes of activity held at once; larger pools are read at random tokens."""
N_DRAWN = 256
"""Random directions, and random units, that chance and recall are measured on."""
TRIED = 512
"""Rows of the product that is timed."""
COARSE = {"float32": torch.float32, "bfloat16": torch.bfloat16}
"""By name, the dtypes in which all pairs may be compared first."""

Pools = dict[int, ArtifactTable]
"""Of one split, by site."""


@dataclass(frozen=True)
class _Activity:
    table: Float32[ndarray, "unit token"]
    n_tokens: int
    """Counted tokens of the pool; more than those of the table where that would not fit."""


def run(context: JobContext[RelateRequest]) -> dict[str, Any]:
    """The result names the run. Asked for again it leaves the same rows under a new run, as long as
    activities are compared in the same dtype first, which the run names."""
    request, settings = context.request, context.settings
    with Session(context.engine) as session:
        sweep = sweep_row(session, request.run_id)
        row = model_row(session, request.model)
        sites = session.scalars(
            select(SiteTable).where(SiteTable.model_id == row.id).order_by(SiteTable.id)
        ).all()
        pools = {split: _pools(session, sweep.id, split) for split in ("fit", "test")}
    parameters = {
        "n_related": request.n_related,
        "split": "fit",
        "largest_table_bytes": LARGEST_TABLE,
        "compared_again": request.n_related + SPARE,
        "drawn_for_chance": N_DRAWN,
    }
    run_id = begin_following(
        context, sweep=sweep, method=METHOD, method_version=METHOD_VERSION,
        parameters=parameters, command=command_of(request),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(sweep.seed)
    measured: dict[str, Any] = {}
    neurons = [site for site in sites if site.kind == "mlp"]
    if sum(site.n_units for site in neurons) > 1:
        model = load_subject(
            row, dtype=torch.float32, device=torch.device("cpu"), settings=settings
        )
        rows = directions(torch.cat([model.output_vectors(site.name) for site in neurons]))
        del model
        found = most_alike(
            rows, n=request.n_related, coarse=torch.float32, tell=_teller(context, "directions")
        )
        _store(context, run_id, neurons, "output", found, None)
        drawn = random_directions(N_DRAWN, rows.shape[1], generator)
        by_chance = chance(rows, drawn, n_others=len(rows) - 1)
        measured["output"] = {"neurons": len(rows), "chance": asdict(by_chance)}
    if pools["fit"] and sum(site.n_units for site in sites) > 1:
        reading = partial(_activity, settings, sites, first=sweep.parameters["counted_from"])
        measured["activity"] = _by_activity(
            context, run_id, sites, pools, reading, seed=sweep.seed, generator=generator
        )
    context.write(lambda session: end_run(session, run_id, "finished", measured))
    return {"run_id": run_id}


def _by_activity(
    context: JobContext[RelateRequest],
    run_id: int,
    sites: Sequence[SiteTable],
    pools: Mapping[str, Pools],
    reading: Callable[..., _Activity],
    *,
    seed: int,
    generator: torch.Generator,
) -> dict[str, Any]:
    """Store relatives by activity; says on how many tokens, and what chance and recall are."""
    fit = reading(pools["fit"], seed=seed)
    coarse = context.step("coarse dtype", lambda: _coarse_dtype(fit.table.shape[1]))
    varied = standardise(fit.table)
    rows = torch.from_numpy(fit.table)
    found = most_alike(
        rows, n=context.request.n_related, coarse=COARSE[coarse], varied=varied,
        tell=_teller(context, "activity"),
    )  # fmt: skip
    there = torch.from_numpy(varied).nonzero()[:, 0]
    sample = there[torch.randperm(len(there), generator=generator)[:N_DRAWN]]
    measured: dict[str, Any] = {
        "units": len(rows),
        "tokens": rows.shape[1],
        "tokens_in_pool": fit.n_tokens,
        "coarse_dtype": coarse,
    }
    if len(sample):
        by_chance = chance(rows, shuffled(rows[sample], generator), n_others=len(rows) - 1)
        measured["chance"] = asdict(by_chance)
    related = sample[torch.from_numpy(found.values)[sample].isfinite().all(1)]
    # At a random choice of tokens the truly most alike are not known.
    if len(related) and rows.shape[1] == fit.n_tokens:
        measured |= {"recall": recall(rows, found, related), "recall_units": len(related)}
    del rows, fit
    elsewhere = None
    if pools["test"]:
        test = reading(pools["test"], seed=seed)
        elsewhere = _r_on(test.table, found)
        measured |= {"test_tokens": test.table.shape[1], "test_tokens_in_pool": test.n_tokens}
    _store(context, run_id, sites, "activity", found, elsewhere)
    return measured


def _r_on(table: Float32[ndarray, "unit token"], found: Relatives) -> Float32[ndarray, "unit n"]:
    """Pearson's r of the same pairs over other tokens; NaN where a unit is constant there."""
    varied = standardise(table)
    values = products_of(torch.from_numpy(table), torch.from_numpy(found.units)).numpy()
    values[~varied[:, None] | ~varied[found.units]] = np.nan
    return values


def _coarse_dtype(n_tokens: int) -> str:
    """In which all pairs are compared first: the one that this machine is faster in.

    Which others become candidates, and so which relatives are found, may depend on it; r of those
    that are found does not. It is chosen once for a run, which names it."""
    seconds = {}
    for name, dtype in COARSE.items():
        rows = torch.ones(TRIED, n_tokens, dtype=dtype)
        rows @ rows.T
        start = time.perf_counter()
        rows @ rows.T
        seconds[name] = time.perf_counter() - start
    return min(seconds, key=lambda name: seconds[name])


def command_of(request: RelateRequest) -> str:
    """The command that runs it again."""
    options = {"model": request.model, "run-id": request.run_id, "n-related": request.n_related}
    return command("relate", options)


KIND = JobKind("relate", RelateRequest, run)


def _pools(session: Session, run_id: int, split: str) -> Pools:
    rows = session.scalars(
        select(ArtifactTable).where(
            ArtifactTable.run_id == run_id,
            ArtifactTable.kind == "pool",
            ArtifactTable.split == split,
        )
    )
    return {row.site_id: row for row in rows}


def _activity(
    settings: Settings,
    sites: Sequence[SiteTable],
    pools: Pools,
    *,
    first: int,
    seed: int,
) -> _Activity:
    """Every unit's activations at the counted tokens of a pool; what is not finite is 0."""
    n_units = sum(site.n_units for site in sites)
    there = _counted(settings.data, pools[sites[0].id], first)
    n_tokens = len(there)
    most = max(LARGEST_TABLE // (4 * n_units), 2)
    if n_tokens > most:
        chosen = np.random.default_rng(seed).choice(n_tokens, most, replace=False)
        there = there[np.sort(chosen)]
    table = np.empty((n_units, len(there)), np.float32)
    start = 0
    for site in sites:
        pool = _read(settings.data, pools[site.id])
        rows = pool.reshape(site.n_units, -1)[:, there]
        np.nan_to_num(rows, copy=False, posinf=0, neginf=0)
        table[start : start + site.n_units] = rows
        start += site.n_units
    return _Activity(table, n_tokens)


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
    found: Relatives,
    elsewhere: Float32[ndarray, "unit n"] | None,
) -> None:
    """Write the relatives of units that stand site by site in `sites`."""
    starts = np.cumsum([0, *(site.n_units for site in sites)])
    place = np.searchsorted(starts, found.units, side="right") - 1
    site_numbers = np.array([site.id for site in sites])[place]
    indices = found.units - starts[place]
    for site, start in zip(sites, starts.tolist(), strict=False):
        rows = [
            _row(
                unit, method, site_numbers[i], indices[i], found.values[i],
                None if elsewhere is None else elsewhere[i],
            )
            for unit, i in enumerate(range(start, start + site.n_units))
        ]  # fmt: skip
        context.write(partial(_write_site, run_id=run_id, site_id=site.id, rows=rows))


def _write_site(session: Session, *, run_id: int, site_id: int, rows: list[RelatedRow]) -> None:
    write_related(session.connection(), run_id=run_id, site_id=site_id, rows=rows)


def _row(
    unit: int,
    method: str,
    site_numbers: ndarray,
    indices: ndarray,
    values: ndarray,
    elsewhere: ndarray | None,
) -> RelatedRow:
    there = np.isfinite(values)
    return RelatedRow(
        unit,
        method,
        pack(site_numbers[there], np.uint32),
        pack(indices[there], np.uint32),
        pack(values[there], np.float32),
        None if elsewhere is None else pack(elsewhere[there], np.float32),
    )
