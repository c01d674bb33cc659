"""What all questions of a job came to: for its page, and for whoever pays."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.assistants.asked import Answered, Asked, FailureKind


@dataclass(frozen=True)
class Tally:
    n_questions: int = 0
    n_repaired: int = 0
    """Questions that were asked a second time, because the answer was not in its form."""
    n_calls: int = 0
    n_cached: int = 0
    n_cache_faults: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    """Without those of cached answers, which were paid before."""
    dollars: float = 0.0
    failures: dict[str, int] = field(default_factory=dict)
    """Questions that had no answer in the end, by kind."""
    tried_again: dict[str, int] = field(default_factory=dict)
    """Calls that failed and were tried again, by kind."""


class Counting:
    """A tally that many threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tally = Tally()
        self._failures: Counter[str] = Counter()
        self._tried_again: Counter[str] = Counter()

    @property
    def tally(self) -> Tally:
        with self._lock:
            return replace(
                self._tally, failures=dict(self._failures), tried_again=dict(self._tried_again)
            )

    def count_question(self, answered: Answered[Any]) -> None:
        with self._lock:
            self._tally = replace(
                self._tally,
                n_questions=self._tally.n_questions + 1,
                n_repaired=self._tally.n_repaired + (len(answered.asked) > 1),
            )
            if answered.failure:
                self._failures[answered.failure.kind] += 1

    def count_asked(self, asked: Asked, tried_again: Iterable[FailureKind]) -> None:
        with self._lock:
            was = self._tally
            self._tried_again.update(tried_again)
            self._tally = replace(
                was,
                n_calls=was.n_calls + asked.tries,
                n_cached=was.n_cached + asked.cached,
                tokens_in=was.tokens_in + (0 if asked.cached else asked.tokens_in),
                tokens_out=was.tokens_out + (0 if asked.cached else asked.tokens_out),
                dollars=was.dollars + asked.dollars,
            )
