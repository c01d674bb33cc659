"""How many windows are kept per unit, and where: the slots of one site in one split.

Slots stand in one row per unit: top, bottom, intervals (each with its own share), random.
"""

from dataclasses import dataclass

INTERVAL_QUANTILES = (0.25, 0.5, 0.75, 0.95)
"""Inner borders of the intervals, as quantiles of the window maximum over the pilot windows: the
upper ones are narrow, because what a unit does when it nearly fires is what explanations miss."""


@dataclass(frozen=True)
class Kept:
    """Numbers of windows per unit."""

    top: int
    bottom: int
    per_interval: int
    random: int

    @property
    def n_intervals(self) -> int:
        return len(INTERVAL_QUANTILES) + 1

    @property
    def bottom_from(self) -> int:
        return self.top

    @property
    def intervals_from(self) -> int:
        return self.top + self.bottom

    @property
    def random_from(self) -> int:
        return self.intervals_from + self.n_intervals * self.per_interval

    @property
    def n_slots(self) -> int:
        return self.random_from + self.random
