"""What may be spent on asking, in dollars and tokens, and what has been.

A call is let out only if what it can cost at most still fits: its prompt's bytes as tokens, and an
answer of full length. Afterwards only what it did cost is kept. So a budget is never exceeded, and
of a nearly spent one a little may be left over.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from analysis.errors import BudgetSpent

LOOK = 0.2


@dataclass(frozen=True)
class Prices:
    """Dollars per million tokens; 0 where asking is free."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0

    def of(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1e6


@dataclass(frozen=True)
class Spending:
    tokens: int = 0
    dollars: float = 0.0

    def plus(self, other: "Spending", sign: int = 1) -> "Spending":
        return Spending(self.tokens + sign * other.tokens, self.dollars + sign * other.dollars)


class Budget:
    """Shared by all threads that ask."""

    def __init__(
        self,
        *,
        dollars: float | None = None,
        tokens: int | None = None,
        prices: Prices | None = None,
        spent: Spending | None = None,
    ) -> None:
        """None: no limit. `spent`: what a job that is taken up again had spent before."""
        self.prices = prices or Prices()
        self._most = (dollars, tokens)
        self._changed = threading.Condition()
        self._spent = spent or Spending()
        self._set_aside = Spending()

    @property
    def spent(self) -> Spending:
        with self._changed:
            return self._spent

    def set_aside(
        self, tokens_in: int, tokens_out: int, *, go_on: Callable[[], bool] = lambda: True
    ) -> Spending:
        """Reserves what a call can cost; waits where calls under way may yet turn out cheaper.

        Raises:
            BudgetSpent: it does not fit, or `go_on` says not to wait.
        """
        most = Spending(tokens_in + tokens_out, self.prices.of(tokens_in, tokens_out))
        with self._changed:
            while not self._fits(self._spent.plus(self._set_aside).plus(most)):
                if not self._fits(self._spent.plus(most)) or not go_on():
                    raise self._end()
                self._changed.wait(LOOK)
            self._set_aside = self._set_aside.plus(most)
        return most

    def settle(self, set_aside: Spending, tokens_in: int, tokens_out: int) -> float:
        """Books what a call did cost, in dollars, instead of what was set aside for it."""
        dollars = self.prices.of(tokens_in, tokens_out)
        with self._changed:
            self._set_aside = self._set_aside.plus(set_aside, -1)
            self._spent = self._spent.plus(Spending(tokens_in + tokens_out, dollars))
            self._changed.notify_all()
        return dollars

    def _fits(self, spending: Spending) -> bool:
        dollars, tokens = self._most
        return (dollars is None or spending.dollars <= dollars * (1 + 1e-12)) and (
            tokens is None or spending.tokens <= tokens
        )

    def _end(self) -> BudgetSpent:
        dollars, tokens = self._most
        limits = [f"{dollars:g} dollars"] if dollars is not None else []
        limits += [f"{tokens:,} tokens"] if tokens is not None else []
        spent = f"{self._spent.dollars:.4f} dollars and {self._spent.tokens:,} tokens"
        return BudgetSpent(
            f"The next call could exceed the budget of {' and '.join(limits)}; spent: {spent}.",
            hint="Start the job again with more: what was answered is not asked again.",
        )
