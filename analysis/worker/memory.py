"""What becomes of memory that is freed; to be called before much of it is taken.

glibc hands large blocks back to the system as soon as they are free. A forward pass takes and frees
the same megabytes in every layer, and with a sweep's own blocks in between it would be given fresh
pages each time, which the kernel must clear: that took a tenth of a sweep's time.
"""

import ctypes
import platform
from typing import Final

MOST_MAPPED: Final = (-3, 32 << 20)
"""M_MMAP_THRESHOLD, in bytes: the highest that there is. Larger blocks are still handed back."""
KEPT_FREE: Final = (-1, (1 << 31) - 1)
"""M_TRIM_THRESHOLD"""
ARENAS: Final = (-8, 1)
"""M_ARENA_MAX: the others, of threads, hand their memory back whatever the thresholds say."""


def keep_freed_memory() -> None:
    """Does nothing where the C library is not glibc."""
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        for parameter, value in (MOST_MAPPED, KEPT_FREE, ARENAS):
            library.mallopt(parameter, value)
