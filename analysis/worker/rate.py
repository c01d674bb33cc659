"""How fast something goes, over the last while."""

import math
from typing import Final

from app.store.timing import UNEVEN

HALF_LIFE: Final = 30.0
"""Seconds after which a measurement counts half: pauses, such as those for publishing, are longer
than a batch and belong to the time that a job takes."""
ENOUGH: Final = 10.0
"""Seconds that are measured before anything is said."""


class Rate:
    """Units per second, exponentially smoothed; None until enough is measured.

    What comes before the first units are done does not count: models warm up, kernels are compiled.
    """

    def __init__(self) -> None:
        self._unit: str | None = None
        self._at = 0.0
        self._done = 0.0
        self._measured_from: float | None = None
        self._amount = 0.0
        self._seconds = 0.0

    def update(self, at: float, done: float, unit: str) -> float | None:
        """The rate at the moment `at` (seconds), when `done` units are behind us."""
        if unit != self._unit or done < self._done:  # something else is counted now
            self._unit, self._measured_from = unit, None
            self._amount = self._seconds = 0.0
        elif self._measured_from is None:
            if done > self._done:
                self._measured_from = at
        elif at > self._at:
            seconds = at - self._at
            decay = math.exp2(-seconds / HALF_LIFE)
            self._amount = self._amount * decay + (done - self._done)
            self._seconds = self._seconds * decay + seconds
        self._at, self._done = at, done
        return self._known()

    def _known(self) -> float | None:
        if self._unit in UNEVEN or self._measured_from is None:
            return None
        measured = self._at - self._measured_from
        return self._amount / self._seconds if measured >= ENOUGH and self._amount > 0 else None
