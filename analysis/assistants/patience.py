"""How often a call is tried again, and how long is waited before: doubling, with jitter."""

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from analysis.assistants.asked import FailureKind

PASSING: frozenset[FailureKind] = frozenset(
    {"timeout", "rate_limited", "server_error", "unreachable", "half_answer"}
)
"""Failures of the way or of the moment; others come again however often one asks."""


@dataclass(frozen=True)
class Patience:
    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    """Seconds; who is told to wait longer than this gives up instead."""

    def wait(self, tried: int, asked_for: float | None, jitter: float) -> float | None:
        """Seconds to wait after so many tries; None: no more. `jitter` is drawn from 0 to 1.

        What an endpoint asks for is the least: what comes on top spreads those who were told the
        same.
        """
        if tried >= self.tries or (asked_for is not None and asked_for > self.longest_wait):
            return None
        doubled = min(self.first_wait * 2.0 ** (tried - 1), self.longest_wait)
        if asked_for is not None:
            return asked_for + jitter * min(doubled, 1.0)
        return doubled * (0.5 + 0.5 * jitter)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After asks for, written as a number or as a date; None: none."""
    said = headers.get("retry-after")
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            when = email.utils.parsedate_to_datetime(said)
        except ValueError:
            return None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        seconds = (when - (now or datetime.now(UTC))).total_seconds()
    return max(seconds, 0.0) if seconds < float("inf") else None
