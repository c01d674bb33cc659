"""On which windows of a sweep what is fitted is fitted, and on which thresholds are chosen.

A worker that explains and whoever scores one program while a person waits divide alike, or equal
programs had unequal scores. Where a sweep kept no calibration windows, or too few to choose
anything on, the last quarter of the fit windows stands in: windows, not documents, so what is
chosen there is chosen a little too kindly; test stays untouched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FIT: Final = "fit"
CALIBRATION: Final = "calibration"
SEEN: Final = (FIT, CALIBRATION)
"""Splits that explanations are made from; all others only test them."""
CALIBRATION_SHARE: Final = 4
"""Of so many fit windows, one stands in."""
FEWEST_WINDOWS: Final = 4
"""Of a split that anything is fitted, chosen or tested on."""


@dataclass(frozen=True)
class Division:
    """Which windows of which pool are for what."""

    standing_in: int
    """Fit windows, the last ones, that are calibrated on; 0: there is a split for that."""

    @property
    def fit(self) -> slice:
        """Of the fit pool."""
        return slice(None, -self.standing_in if self.standing_in else None)

    @property
    def calibration(self) -> tuple[str, slice]:
        """Of which split's pool, and which windows of it."""
        if self.standing_in:
            return FIT, slice(-self.standing_in, None)
        return CALIBRATION, slice(None)


def divide(n_windows: Mapping[str, int]) -> Division:
    """`n_windows` of each split's pool, of which there must be one of fit."""
    if n_windows.get(CALIBRATION, 0) >= FEWEST_WINDOWS:
        return Division(0)
    return Division(max(1, n_windows[FIT] // CALIBRATION_SHARE))
