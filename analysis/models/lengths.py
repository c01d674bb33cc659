"""Lengths of many short vectors on the CPU, compiled: torch's norm of bfloat16 is several times
slower, and leaves them in another order than they are wanted in."""

import numpy as np
from numba import njit, prange
from numpy import ndarray

ROWS = 128
"""Rows that a thread takes at a time."""


@njit(parallel=True, fastmath={"contract", "reassoc", "nsz"}, cache=True)
def lengths_of(words: ndarray, lift: int) -> ndarray:
    """‖v‖₂ of vectors [head, row, d] as float32 [row, head]; `words` are the bits of bfloat16
    (uint16, lift 16) or float32 (uint32, lift 0). Sums are float32."""
    n_heads, n_rows, width = words.shape
    found = np.empty((n_rows, n_heads), np.float32)
    for part in prange((n_rows + ROWS - 1) // ROWS):
        for head in range(n_heads):
            for row in range(part * ROWS, min((part + 1) * ROWS, n_rows)):
                total = np.float32(0)
                for d in range(width):
                    word = np.uint32(np.uint32(words[head, row, d]) << np.uint32(lift))
                    value = word.view(np.float32)
                    total += value * value
                found[row, head] = np.sqrt(total)
    return found
