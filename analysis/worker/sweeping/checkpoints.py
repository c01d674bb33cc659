"""States on disk: a sweep that was killed goes on where it was, and ends with the same bytes.

One file per site and split, replaced all or nothing, and only where something was counted since. A
kill in between leaves some files newer than others; each says which shards it has counted, and
counting goes on from there site by site. A damaged file, or one of a version that cuts the windows
into other shards, is as good as none.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import structlog
from jaxtyping import Int64
from safetensors import SafetensorError

from analysis.sweep.engine import Sweep
from analysis.sweep.plan import Plan, SplitPlan
from analysis.sweep.state import load_state, save_state

log = structlog.get_logger("patchclamp.worker")

Clock = Callable[[], float]
"""Seconds since whenever; a benchmark stops its own while it does other things."""
LONGEST_SHARE = 0.01
"""Of the time, at most so much goes into checkpoints."""


@dataclass
class Checkpoints:
    folder: Path
    every_seconds: float
    clock: Clock = time.perf_counter
    seconds: float = 0.0
    """Spent on saving so far."""
    _last: float = field(init=False)
    _cost: float = 0.0
    _saved: dict[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    """The shards in the file of each site and split."""

    def __post_init__(self) -> None:
        self._last = self.clock()

    @property
    def due(self) -> bool:
        waited = self.clock() - self._last
        return waited >= max(self.every_seconds, self._cost / LONGEST_SHARE)

    def restore(self, sweep: Sweep) -> None:
        """Give the sweep the states that were saved, if any."""
        for site in sweep.model.sites:
            for split in sweep.plan.splits:
                path = self._path(site.name, split.split)
                empty = sweep.empty_state(site, split.split)
                try:
                    state = load_state(path, empty, _stamp(sweep.plan, split))
                except FileNotFoundError:
                    continue
                except (SafetensorError, KeyError, ValueError) as error:
                    log.warning("a checkpoint is of no use", file=path.name, error=str(error))
                    continue
                sweep.states[site.name, split.split] = state
                self._saved[site.name, split.split] = frozenset(state.shards)
        self._last = self.clock()

    def save(self, sweep: Sweep) -> None:
        start = self.clock()
        self.folder.mkdir(parents=True, exist_ok=True)
        stamps = {split.split: _stamp(sweep.plan, split) for split in sweep.plan.splits}
        for (site, split), state in sweep.states.items():
            shards = frozenset(state.shards)
            before = self._saved.get((site, split), frozenset())
            if shards != before:
                if 0 in shards - before:
                    # The pool is not written again once its shard is counted.
                    sweep.sync_pool(site, split)
                save_state(state, self._path(site, split), stamps[split])
                self._saved[site, split] = shards
        self._last = self.clock()
        self._cost = self._last - start
        self.seconds += self._cost

    def _path(self, site: str, split: str) -> Path:
        return self.folder / f"{site}.{split.replace(':', '-')}.safetensors"


def _stamp(plan: Plan, split: SplitPlan) -> Int64[np.ndarray, " number"]:
    """What the numbers of shards mean."""
    return np.array([split.numbers.start, len(split.numbers), split.n_pilot, split.n_held,
                     plan.windows_per_shard], np.int64)  # fmt: skip
