"""How fast something goes, over the last while."""

import math
from typing import Final

HALF_LIFE: Final = 5.0
"""Seconds after which a measurement counts half."""


class Rate:
    """Units per second, exponentially smoothed; None until two measurements are in."""

    def __init__(self) -> None:
        self._unit: str | None = None
        self._at = 0.0
        self._done = 0.0
        self._amount = 0.0
        self._seconds = 0.0

    def update(self, at: float, done: float, unit: str) -> float | None:
        """The rate at the moment `at` (seconds), when `done` units are behind us."""
        if unit != self._unit or done < self._done:  # something else is counted now
            self._unit, self._amount, self._seconds = unit, 0.0, 0.0
        elif at > self._at:
            seconds = at - self._at
            decay = math.exp2(-seconds / HALF_LIFE)
            self._amount = self._amount * decay + (done - self._done)
            self._seconds = self._seconds * decay + seconds
        self._at, self._done = at, done
        return self._amount / self._seconds if self._seconds > 0 else None
