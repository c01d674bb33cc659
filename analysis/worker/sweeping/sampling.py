"""From a sweep's request to its plan: how many windows each split gives to whom."""

from collections.abc import Mapping
from typing import Any

from analysis.corpora.windows import Windows
from analysis.sweep.histogram import Layout
from analysis.sweep.kernels.arguments import Counting
from analysis.sweep.layout import INTERVAL_QUANTILES, Kept
from analysis.sweep.plan import Plan, make_plan
from app.store.requests import SweepRequest
from app.store.sampling import amounts_of


def plan_of(request: SweepRequest, windows: Windows) -> Plan:
    amounts = {split: amounts_of(request, split) for split in windows.splits}
    return make_plan(
        numbers={split: windows.numbers(split) for split in windows.splits},
        kept={
            split: Kept(each.top, each.bottom, each.per_interval, each.random)
            for split, each in amounts.items()
        },
        n_pool={split: each.pool for split, each in amounts.items()},
        counting=Counting(
            first=request.counted_from,
            threshold=request.threshold,
            histogram_every=request.histogram_every,
            seed=request.seed,
        ),
        n_pos=request.window_length,
        batch_size=request.batch_size,
        windows_per_shard=request.windows_per_shard,
    )


def run_parameters(request: SweepRequest, windows: Windows, plan: Plan) -> dict[str, Any]:
    """Everything that the numbers of a sweep depend on, beside model and corpus."""
    return {
        "window_length": request.window_length,
        "counted_from": request.counted_from,
        "threshold": request.threshold,
        "histogram": Layout(1 / request.histogram_every).as_parameters(),
        "interval_quantiles": list(INTERVAL_QUANTILES),
        "batch_size": request.batch_size,
        "windows_per_shard": request.windows_per_shard,
        "max_windows": dict(request.max_windows),
        "sampling": {split: amounts_of(request, split)._asdict() for split in windows.splits},
        "pilot_windows": {split.split: split.n_pilot for split in plan.splits},
        "pilot_windows_held": {split.split: split.n_held for split in plan.splits},
        "windows": windows_found(windows),
        "windows_sha256": windows.sha256,
    }


def windows_found(windows: Windows) -> Mapping[str, dict[str, int | None]]:
    """Per split: windows asked for (None: all), found and taken, and short ends left out."""
    return {
        split: {
            "asked": count.asked,
            "found": count.found,
            "taken": count.taken,
            "short": count.n_short,
        }
        for split, count in windows.counts.items()
    }
