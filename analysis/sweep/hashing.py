"""Seeded integer hashing: random choices that do not depend on the order of the work.

A window is chosen for a unit because its hash is small, so any worker, in any order, chooses the
same windows, and merging two choices is choosing again from both. SplitMix64's finaliser
(Steele, Lea and Flood 2014) mixes seed, window and unit.
"""

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
WINDOW_STEP = np.uint64(0xD1B54A32D192ED03)
UNIT_STEP = np.uint64(0xABC98388FB8FAC03)


@njit(inline="always")
def mix(z: np.uint64) -> np.uint64:
    z = (z ^ (z >> np.uint64(30))) * MIX_1
    z = (z ^ (z >> np.uint64(27))) * MIX_2
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def window_key(seed: np.uint64, window: np.uint32, unit: np.uint64) -> np.uint64:
    """Upper half: uniform in (seed, window, unit); lower half: the window, so that no two tie."""
    h = mix(seed * GOLDEN + np.uint64(window) * WINDOW_STEP + unit * UNIT_STEP)
    return (h & np.uint64(0xFFFFFFFF00000000)) | np.uint64(window)


@njit(inline="always")
def phase(seed: np.uint64, window: np.uint32, every: np.int64) -> np.int64:
    """Which of `every` positions of a window is binned."""
    return np.int64(mix(seed * GOLDEN + np.uint64(window) * WINDOW_STEP) % np.uint64(every))
