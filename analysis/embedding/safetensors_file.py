"""Reads a safetensors file with numpy alone: a header in JSON, then the bytes of every tensor.

The format: eight bytes with the header's length, little-endian; the header, which gives each tensor
its dtype, shape and place in what follows. Nothing in the file is trusted: lengths are bounded and
places are checked before anything is read.
"""

import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy import ndarray

from analysis.embedding.errors import EmbeddingError

LARGEST_HEADER: Final = 10 * 2**20
DTYPES: Final = {"F32": "<f4", "F16": "<f2"}
LENGTH_BYTES: Final = 8


def read_tensors(path: Path) -> dict[str, ndarray]:
    """Every tensor of floating-point numbers, as float32; others are passed over.

    Raises:
        EmbeddingError: the file is not of this format, cut off, or says what cannot be.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EmbeddingError(f"{path.name} cannot be read: {error.strerror}.") from error
    header, start = _header(content, path.name)
    data = memoryview(content)[start:]
    return {
        name: _tensor(data, about, f"{path.name}: {name}")
        for name, about in header.items()
        if name != "__metadata__" and _named(about, path.name)["dtype"] in DTYPES
    }


def _header(content: bytes, name: str) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    end = LENGTH_BYTES + length
    if len(content) < LENGTH_BYTES or length > LARGEST_HEADER or end > len(content):
        raise EmbeddingError(
            f"{name} is no safetensors file, or it is cut off.", hint="Get the model again."
        )
    try:
        header = json.loads(content[LENGTH_BYTES:end])
    except (ValueError, RecursionError) as error:
        raise EmbeddingError(f"The header of {name} is not JSON.") from error
    if not isinstance(header, dict):
        raise EmbeddingError(f"The header of {name} names no tensors.")
    return header, end


def _named(about: object, name: str) -> dict[str, Any]:
    if not isinstance(about, dict) or not {"dtype", "shape", "data_offsets"} <= about.keys():
        raise EmbeddingError(f"The header of {name} does not describe its tensors.")
    return about


def _tensor(data: memoryview, about: dict[str, Any], name: str) -> ndarray:
    shape, offsets = about["shape"], about["data_offsets"]
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise EmbeddingError(f"{name} has no shape or place that can be.")
    first, end = offsets
    dtype = np.dtype(DTYPES[about["dtype"]])
    if not first <= end <= len(data) or end - first != math.prod(shape) * dtype.itemsize:
        raise EmbeddingError(f"{name} does not lie in the file as its shape says.")
    return np.frombuffer(data[first:end], dtype).reshape(shape).astype(np.float32)


def _are_counts(numbers: object) -> bool:
    return isinstance(numbers, list) and all(
        type(number) is int and 0 <= number < 2**40 for number in numbers
    )
