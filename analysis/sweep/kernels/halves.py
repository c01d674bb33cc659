"""float16 as its bits, in and out; plain loops that the compiler vectorises."""

import numpy as np
from numba import njit
from numpy import ndarray

HALF_ALREADY = -1
"""A `lift` that says: these are float16 already."""
NOTHING = np.uint16(0xFFFF)
"""NaN in float16: what stands past the end of a window."""
SUBNORMAL_MAGIC = np.uint32(0x3F000000)
"""0.5: adding it moves a magnitude below 2^-14 to where the last bit is 2^-24."""


@njit(forceinline=True)
def float_of(word: int, lift: int) -> np.float32:
    """The float32 of these bits: float32 (lift 0) or bfloat16 (lift 16)."""
    return np.uint32(np.uint32(word) << np.uint32(lift)).view(np.float32)


@njit(forceinline=True)
def half_bits(bits: np.uint32) -> np.uint16:
    """The bits of a float32 rounded to the nearest float16; what is too large becomes 65504.

    Every case is computed and one is chosen, without a branch.
    """
    sign = np.uint32((bits >> np.uint32(16)) & np.uint32(0x8000))
    magnitude = np.uint32(bits & np.uint32(0x7FFFFFFF))
    odd = np.uint32((magnitude >> np.uint32(13)) & np.uint32(1))
    normal = np.uint32(magnitude - np.uint32(0x38000000) + np.uint32(0xFFF) + odd) >> np.uint32(13)
    shifted = np.uint32(magnitude).view(np.float32) + np.float32(0.5)
    small = np.uint32(np.float32(shifted).view(np.uint32) - SUBNORMAL_MAGIC)
    half = np.uint32(normal) if magnitude >= np.uint32(0x38800000) else small
    half = np.uint32(0x7BFF) if magnitude >= np.uint32(0x477FF000) else half
    half = np.uint32(0x7C00) if magnitude == np.uint32(0x7F800000) else half
    half = np.uint32(0x7E00) if magnitude > np.uint32(0x7F800000) else half
    return np.uint16(sign | half)


@njit(forceinline=True)
def rank(half: np.uint16) -> np.int32:
    """An integer that rises with the float16 of these bits; lowest for what is not finite."""
    magnitude = np.int32(half & np.uint16(0x7FFF))
    if magnitude >= np.int32(0x7C00):
        return np.int32(-0x10000)
    return magnitude if half < np.uint16(0x8000) else -magnitude


@njit
def copy_trace(trace: ndarray, lift: int, length: int, gathered: ndarray, into: ndarray) -> None:
    """One unit's activations in one window, as float16; past the end NaN. `gathered` [pos] of
    uint32 is room to bring the strided column together in."""
    for t in range(length):
        gathered[t] = np.uint32(trace[t])
    if lift == HALF_ALREADY:
        for t in range(length):
            into[t] = np.uint16(gathered[t])
    else:
        for t in range(length):
            into[t] = half_bits(np.uint32(gathered[t] << np.uint32(lift)))
    for t in range(length, into.shape[0]):
        into[t] = NOTHING
