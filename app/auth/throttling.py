"""How often somebody may try to come in: by name, and by where they ask from.

Counted in this process. A name that is tried too often waits, whoever tries it: its owner can use
the link that `patchclamp login-link` prints meanwhile.
"""

from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.errors import TooManyError

BY_NAME: Final = RateLimitItemPerMinute(10, 5)
"""Tries of one name in five minutes."""
BY_ADDRESS: Final = RateLimitItemPerMinute(60)


class Throttle:
    """Of one application."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, *, address: str, name: str | None = None) -> None:
        """Counts a try. Raises TooManyError."""
        tries = [(BY_ADDRESS, "address", address)]
        if name is not None:
            tries.append((BY_NAME, "name", name))
        if all(self._limiter.hit(limit, kind, key) for limit, kind, key in tries):
            return
        raise TooManyError(
            "There were too many tries to sign in.",
            hint="Wait some minutes.",
            retry_after=60,
        )
