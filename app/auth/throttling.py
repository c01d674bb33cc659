"""How often somebody may try to come in, a program ask, and anybody keep the loaded model busy.

Tries to come in are counted by name, and by where they are from. A name that is tried too often
waits, whoever tries it: its owner can use the link that `patchclamp login-link` prints meanwhile.
What tokens ask for is counted by token and by account, since an account may have many; what the
loaded model is asked, by account. While nobody has an account nothing of this is counted: whoever
reaches the server then is its owner. Counted in this process, over a minute that moves along.
"""

import math
import time
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.errors import TooManyError
from app.settings import Settings
from app.store.views.account import Person

BY_NAME: Final = RateLimitItemPerMinute(10, 5)
"""Tries of one name in five minutes."""
BY_ADDRESS: Final = RateLimitItemPerMinute(60)


class Throttle:
    """Of one application."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._token = _each_minute(settings.token_requests)
        self._account = _each_minute(settings.account_requests)
        self._inference = _each_minute(settings.inference_requests)

    def check(self, *, address: str, name: str | None = None) -> None:
        """Counts a try to come in. Raises TooManyError."""
        tries = [(BY_ADDRESS, "address", network_of(address))]
        if name is not None:
            tries.append((BY_NAME, "name", name))
        if all(self._limiter.hit(limit, kind, key) for limit, kind, key in tries):
            return
        raise TooManyError(
            "There were too many tries to sign in.",
            hint="Wait some minutes.",
            retry_after=60,
        )

    def count_request(self, person: Person) -> None:
        """Of a program; what browsers ask for is not counted. Raises TooManyError."""
        if person.token_id is None:
            return
        self._count(self._token, "token", person.token_id, "this token")
        self._count(self._account, "account", person.account_id, "all tokens of this account")

    def count_inference(self, person: Person) -> None:
        """What asks the loaded model, of whichever kind. Raises TooManyError."""
        self._count(
            self._inference, "inference", person.account_id, "this account, of the loaded model,"
        )

    def _count(self, limit: RateLimitItem | None, kind: str, number: int, whose: str) -> None:
        if limit is None or self._limiter.hit(limit, kind, str(number)):
            return
        begins_again = self._limiter.get_window_stats(limit, kind, str(number)).reset_time
        raise TooManyError(
            f"More was asked by {whose} than the {limit.amount:,} requests a minute that this "
            "server allows.",
            hint="Wait as long as Retry-After says; ask for larger pages, or less often.",
            retry_after=max(1, math.ceil(begins_again - time.time())),
        )


def network_of(address: str) -> str:
    """Whoever has an IPv6 address has the 2⁶⁴ beside it, too: they count as one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), 64), strict=False))


def _each_minute(most: int) -> RateLimitItem | None:
    """0: as many as anybody likes."""
    return RateLimitItemPerMinute(most) if most else None
