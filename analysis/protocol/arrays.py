"""Arrays that are sent once and then named by their digest: too large for every request."""

import hashlib
import math
from typing import Final

import numpy as np

SHAPE: Final = "X-Shape"
"""The header that carries an array's shape, `46350,2`; the body is its numbers in float32, little
end first, row after row."""
LARGEST_BYTES: Final = 64 << 20
MOST_AXES: Final = 4


def digest_of(array: np.ndarray) -> str:
    """The name of an array: SHA-256 over its shape and its numbers in float32."""
    return hashlib.sha256(shape_text(array).encode() + b"\n" + body_of(array)).hexdigest()


def body_of(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, dtype="<f4").tobytes()


def shape_text(array: np.ndarray) -> str:
    return ",".join(map(str, array.shape))


def read_array(shape: str, body: bytes) -> np.ndarray:
    """The array that was sent, not to be written to. ValueError: shape and bytes do not fit."""
    sizes = [int(size) for size in shape.split(",")]
    if not 1 <= len(sizes) <= MOST_AXES or min(sizes) < 0:
        raise ValueError(f"an array has one to {MOST_AXES} axes: {shape}")
    numbers = np.frombuffer(body, dtype="<f4")
    if math.prod(sizes) != numbers.size:
        raise ValueError(f"{numbers.size} numbers do not have the shape {shape}")
    return numbers.reshape(sizes)
