"""The sign-log histogram: 64 bins for each sign, four per octave from 2^-8 to 2^8.

Bins are read off the bits of a float32 (sign, exponent, two bits of mantissa), so binning is exact
and equal on every machine, and edges are the same for every unit and run: histograms of shards
add up. What lies nearer to zero than 2^-8 is in the innermost bin of its sign, what lies beyond
2^8 in the outermost.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 128
STEPS = 4
OCTAVES = 16


@dataclass(frozen=True)
class Layout:
    """What a reader must know to draw the counts."""

    fraction: float
    """Share of the counted positions that were binned."""
    bins: int = BINS
    smallest_exponent: int = -8
    octaves: int = OCTAVES
    steps: int = STEPS

    def as_parameters(self) -> dict[str, float | int]:
        return asdict(self)

    @property
    def edges(self) -> NDArray[np.float64]:
        """129 rising edges; the middle one is 0."""
        positive = [
            2.0 ** (self.smallest_exponent + octave) * (1 + step / self.steps)
            for octave in range(self.octaves)
            for step in range(self.steps)
        ]
        rising = [0.0, *positive[1:], 2.0 ** (self.smallest_exponent + self.octaves)]
        return np.array([-edge for edge in reversed(rising)] + rising[1:])


SMALLEST_EXPONENT = Layout(1.0).smallest_exponent
FIRST_CODE = (127 + SMALLEST_EXPONENT) * STEPS
"""Exponent and upper mantissa bits of the smallest edge, as an integer."""


def bin_of(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bin of each finite value, 0 to 127, rising with the value."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    magnitude = ((bits & 0x7FFFFFFF) >> 21).astype(np.int64) - FIRST_CODE
    magnitude = np.clip(magnitude, 0, BINS // 2 - 1)
    return np.where(bits >> 31 == 0, BINS // 2 + magnitude, BINS // 2 - 1 - magnitude)
