"""Getting one question through to an endpoint: within the budget, again where that may help."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from analysis.assistants.asked import Failure, FailureKind
from analysis.assistants.budget import Budget
from analysis.assistants.calling import Called, Line
from analysis.assistants.dialect import Dialect
from analysis.assistants.patience import PASSING, Patience
from analysis.assistants.question import Question
from analysis.assistants.reply import Reply

HOPELESS_IN_A_ROW = 5
"""After so many questions that failed whatever they ask, the others are not sent: the endpoint is
down, its address or the key is wrong, or it has no such model."""


@dataclass
class Sent:
    """What came of sending a question, over all its calls."""

    outcome: Reply | Failure
    parameters: dict[str, Any] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    counted: bool = True
    dollars: float = 0.0
    tries: int = 0
    tried_again: list[FailureKind] = field(default_factory=list)
    """Why, each time."""


class Sender:
    """Shared by all threads: what one learns of the endpoint, the others know."""

    def __init__(self, line: Line, budget: Budget, patience: Patience) -> None:
        self._line = line
        self._budget = budget
        self._patience = patience
        self._jitter = random.Random()  # noqa: S311 - spreads waiting, guards nothing
        self._lock = threading.Lock()
        self._dialect = Dialect()
        self._hopeless: list[Failure] = []
        self._not_before = 0.0

    @property
    def given_up(self) -> Failure | None:
        """Why nothing is sent any more; None: it still is."""
        with self._lock:
            return self._hopeless[-1] if len(self._hopeless) >= HOPELESS_IN_A_ROW else None

    def send(self, question: Question[Any], stop: threading.Event) -> Sent:
        """The reply or the last failure; at once `not_sent` where there is no hope.

        Raises:
            BudgetSpent: the next call could exceed the budget.
        """
        if failure := self.given_up:
            detail = f"not sent after {HOPELESS_IN_A_ROW} failures in a row: {failure.detail}"
            return Sent(Failure("not_sent", detail))
        sent = Sent(Failure("not_sent", "not sent: the job was ending"))
        dialect = self._dialect
        hopeless = False
        while not stop.wait(max(0.0, self._not_before - time.monotonic())):
            called = self._pay(question, dialect, stop, sent)
            hopeless = called.hopeless
            other = dialect.without(called.complaint, called.sent) if called.complaint else None
            if other:
                dialect = other
            elif not self._try_again(called, sent, stop):
                break
        self._learn(sent.outcome, dialect, hopeless=hopeless)
        return sent

    def _pay(
        self, question: Question[Any], dialect: Dialect, stop: threading.Event, sent: Sent
    ) -> Called:
        """One call, with what it can cost set aside before and what it did cost booked after."""
        most = (question.most_prompt_tokens, question.parameters.max_tokens)
        set_aside = self._budget.set_aside(*most, go_on=lambda: not stop.is_set())
        booked, counted = most, False
        try:
            called = self._line.call(question, dialect)
            if isinstance(called.outcome, Reply):
                booked, counted = tokens_of(called.outcome, question)
            elif not called.may_have_cost:
                booked, counted = (0, 0), True
        finally:
            dollars = self._budget.settle(set_aside, *booked)
        sent.outcome, sent.parameters = called.outcome, called.sent
        sent.tries += 1
        sent.tokens_in += booked[0]
        sent.tokens_out += booked[1]
        sent.counted = sent.counted and counted
        sent.dollars += dollars
        return called

    def _try_again(self, called: Called, sent: Sent, stop: threading.Event) -> bool:
        """Waits as long as it takes until the next try; False: there is none."""
        failure = called.outcome
        if not isinstance(failure, Failure) or failure.kind not in PASSING:
            return False
        with self._lock:
            seconds = self._patience.wait(
                len(sent.tried_again) + 1, called.retry_after, self._jitter.random()
            )
            if seconds is None:
                return False
            if called.retry_after is not None:  # which is said to all of us
                until = time.monotonic() + called.retry_after
                self._not_before = max(self._not_before, until)
        sent.tried_again.append(failure.kind)
        return not stop.wait(seconds)

    def _learn(self, outcome: Reply | Failure, dialect: Dialect, *, hopeless: bool) -> None:
        with self._lock:
            if isinstance(outcome, Reply):
                self._dialect = self._dialect.both(dialect)
            if hopeless and isinstance(outcome, Failure):
                self._hopeless.append(outcome)
            else:
                self._hopeless.clear()


def tokens_of(reply: Reply, question: Question[Any]) -> tuple[tuple[int, int], bool]:
    """Tokens in and out, at most where the endpoint does not say; and whether it does."""
    tokens_in, tokens_out = reply.tokens_in, reply.tokens_out
    at_most = (
        question.most_prompt_tokens if tokens_in is None else tokens_in,
        question.parameters.max_tokens if tokens_out is None else tokens_out,
    )
    return at_most, tokens_in is not None and tokens_out is not None
