"""Numbers in float32 as the shortest decimals that name them.

A float32 that becomes a double is written with seventeen digits, of which nine say all: an answer
of thousands of numbers is a quarter shorter without the rest.
"""

from typing import Any, Final

import numpy as np
from jaxtyping import Float
from torch import Tensor

DIGITS: Final = 9
"""Significant ones: as many as tell any two numbers in float32 apart."""
EXACT: Final = 22
"""Up to this power, ten's is a double without rounding."""


def decimals(values: Float[Tensor, "*axes"]) -> Any:  # noqa: ANN401 - as deep a list as `tolist`'s
    """What `tolist` gives, each number the double nearest to nine digits of it: in float32 it is
    the same number again."""
    numbers = values.detach().float().cpu().numpy().astype(np.float64)
    magnitude = np.floor(np.log10(np.abs(numbers), where=numbers != 0, out=np.zeros_like(numbers)))
    power = DIGITS - 1 - magnitude
    plain = np.isfinite(numbers) & (np.abs(power) <= EXACT)
    scale = 10.0 ** np.where(plain, np.abs(power), 0.0)
    whole = np.rint(np.where(power >= 0, numbers * scale, numbers / scale))
    short = np.where(power >= 0, whole / scale, whole * scale)
    return np.where(plain, short, numbers).tolist()
