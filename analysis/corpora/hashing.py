"""Seeded hashes: choices that look random and depend on nothing but a seed and a text."""

from hashlib import blake2b, sha256

import numpy as np
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def text_sha256(text: str) -> str:
    return sha256(text.encode("utf-8")).hexdigest()


def seeded_int(seed: int, purpose: str, key: str) -> int:
    """A number in [0, 2⁶⁴), uniform over keys; independent for every seed and purpose."""
    message = f"{seed}\n{purpose}\n{key}".encode()
    return int.from_bytes(blake2b(message, digest_size=8).digest(), "big")


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the input spread over all bits: splitmix64's finaliser, a bijection.

    Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators (2014), section 5.
    """
    mixed = values.astype(np.uint64, copy=True)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
