"""Arrays as bytes of a row: little-endian, no header; dtype and shape are known at the column."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def pack(array: NDArray[Any], dtype: DTypeLike) -> bytes:
    return np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<")).tobytes()


def unpack(data: bytes, dtype: DTypeLike, *shape: int) -> NDArray[Any]:
    """The array, read-only; `shape` may hold one -1."""
    array = np.frombuffer(data, dtype=np.dtype(dtype).newbyteorder("<"))
    return array.reshape(shape) if shape else array


def pack_histogram(counts: NDArray[Any]) -> bytes:
    return zlib.compress(pack(counts, np.uint32), level=1)


def unpack_histogram(data: bytes) -> NDArray[np.uint32]:
    return unpack(zlib.decompress(data), np.uint32)
