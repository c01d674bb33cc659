"""States on disk: a sweep that was killed goes on where it was, and ends with the same bytes.

One file per site and split, replaced all or nothing. A kill in between leaves some files newer
than others; each says which shards it has counted, and counting goes on from there site by site.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from analysis.sweep.engine import Sweep
from analysis.sweep.state import load_state, save_state

LONGEST_SHARE = 0.03
"""Of the time, at most so much goes into checkpoints."""


@dataclass
class Checkpoints:
    folder: Path
    every_seconds: float
    seconds: float = 0.0
    """Spent on saving so far."""
    _last: float = 0.0
    _cost: float = 0.0

    def begin(self) -> None:
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        waited = time.monotonic() - self._last
        return waited >= max(self.every_seconds, self._cost / LONGEST_SHARE)

    def restore(self, sweep: Sweep) -> None:
        """Give the sweep the states that were saved, if any."""
        for site in sweep.model.sites:
            for split in sweep.plan.splits:
                path = self._path(site.name, split.split)
                if path.exists():
                    empty = sweep.empty_state(site, split.split)
                    sweep.states[site.name, split.split] = load_state(path, empty)

    def save(self, sweep: Sweep) -> None:
        start = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        for (site, split), state in sweep.states.items():
            save_state(state, self._path(site, split))
        self._last = time.monotonic()
        self._cost = self._last - start
        self.seconds += self._cost

    def _path(self, site: str, split: str) -> Path:
        return self.folder / f"{site}.{split.replace(':', '-')}.safetensors"
