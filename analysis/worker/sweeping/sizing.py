"""Whether a sweep fits into memory and onto the disk, asked before it begins.

A sweep that runs out of memory is killed again and again, and one that fills the disk waits for
space after hours of work; both can be told from its plan.
"""

from collections.abc import Sequence
from typing import Final

from analysis.records import Site
from analysis.sweep.patterns import N_SOURCES
from analysis.sweep.plan import Plan
from analysis.worker.room import disk_left, memory_left
from app.errors import BadRequestError
from app.settings import Settings

BESIDES: Final = 1_500
"""Bytes per unit and split besides what it keeps: histogram, moments, extremes, bookkeeping."""
OF_PATTERN: Final = 600
"""Bytes of one remembered attention pattern besides its numbers."""
GB: Final = 1e9


def state_bytes(plan: Plan, sites: Sequence[Site]) -> int:
    """Memory of everything that a sweep knows; a checkpoint is as large."""
    patterns = sum(
        site.n_units
        * plan.kept(split.split, site).n_slots
        * (4 * plan.n_pos * N_SOURCES + OF_PATTERN)
        for site in sites
        if site.kind == "attn"
        for split in plan.splits
    )
    besides = BESIDES * len(plan.splits) * sum(site.n_units for site in sites)
    return plan.n_state_bytes(sites) + patterns + besides


def disk_bytes(plan: Plan, sites: Sequence[Site], *, rows: bool) -> int:
    """Disk that pools, checkpoint and, where they lie on the same disk, the store's rows take."""
    return plan.n_pool_bytes(sites) + (2 if rows else 1) * state_bytes(plan, sites)


def require_room(plan: Plan, sites: Sequence[Site], settings: Settings) -> None:
    """Raises BadRequestError, which says what to lower, where memory or disk will not do."""
    n_state, memory = state_bytes(plan, sites), memory_left()
    if memory is not None and n_state > memory:
        raise BadRequestError(
            f"The sweep needs about {_gb(n_state)} of memory for the windows that it keeps of "
            f"{_units(sites)} units, and {_gb(memory)} are free.",
            hint="Keep fewer windows, e.g. --sampling fit:top=4,bottom=2,per_interval=1,random=2 "
            "and --sampling ood:top=1,bottom=1,random=1; or take a shorter --window-length.",
        )
    n_pools = plan.n_pool_bytes(sites)
    n_disk = disk_bytes(plan, sites, rows=settings.url.startswith("sqlite"))
    disk = disk_left(settings.data)
    if n_disk > disk:
        raise BadRequestError(
            f"The sweep needs about {_gb(n_disk)} of disk, {_gb(n_pools)} of it for pools, and "
            f"{_gb(disk)} are free in the data folder.",
            hint="Free some space; or make the pools smaller, e.g. --sampling default:pool=4, or "
            "keep fewer windows (top, bottom, per_interval, random).",
        )


def _units(sites: Sequence[Site]) -> str:
    return f"{sum(site.n_units for site in sites):,}"


def _gb(n_bytes: float) -> str:
    return f"{n_bytes / GB:,.1f} GB" if n_bytes >= GB / 10 else f"{n_bytes / 1e6:,.1f} MB"
