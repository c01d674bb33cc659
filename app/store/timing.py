"""How long a job still takes: told where it can be, the same on pages and in the terminal."""

from typing import Final

UNEVEN: Final = frozenset({"parts", "models"})
"""Units that take unlike times: from one nothing follows for the next."""


def seconds_left(
    *, status: str, done: float | None, total: float | None, rate: float | None
) -> float | None:
    """None where it is not known, or not known yet."""
    if status != "running" or done is None or total is None or not rate:
        return None
    return max(total - done, 0) / rate


def is_estimating(
    *, status: str, done: float | None, total: float | None, unit: str | None, rate: float | None
) -> bool:
    """Whether the time left will be known once enough is measured."""
    counting = status == "running" and done is not None and total is not None and done < total
    return counting and unit not in UNEVEN and rate is None
