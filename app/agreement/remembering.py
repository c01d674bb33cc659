"""What takes long to compute of arrays is computed once: a page that is loaded again, or by others,
asks the same of the same judgements."""

from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

MOST: Final = 1024
"""Results that are kept: each is a few numbers."""


class Memory:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[bytes, Any] = OrderedDict()

    def of(self, compute: Callable[..., T], *arrays: NDArray[Any], **more: Any) -> T:  # noqa: ANN401
        """`compute` of these, which is always the same."""
        key = _key(compute, arrays, more)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                known: T = self._kept[key]
                return known
        found = compute(*arrays, **more)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


def _key(
    compute: Callable[..., Any], arrays: tuple[NDArray[Any], ...], more: dict[str, Any]
) -> bytes:
    said = f"{compute.__module__}.{compute.__qualname__} {sorted(more.items())}"
    digest = blake2b(said.encode())
    for array in arrays:
        digest.update(f" {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()


MEMORY: Final = Memory()
