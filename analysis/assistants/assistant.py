"""Asking a language model many questions: bounded, patient, paid for once, and every end recorded.

In: an endpoint, a budget, questions with the form of their answers. Out: one `Answered` per
question, in order. Nothing but a spent budget or a cancelled job raises out of a batch.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Generic

from analysis.assistants.asked import Answered, Asked, Failure
from analysis.assistants.budget import Budget
from analysis.assistants.cache import ReplyCache
from analysis.assistants.calling import Line
from analysis.assistants.endpoint import Endpoint
from analysis.assistants.extracting import find_object
from analysis.assistants.patience import Patience
from analysis.assistants.pool import AskingPool
from analysis.assistants.question import Answer, Message, Question, UnfitAnswerError
from analysis.assistants.quoting import quote
from analysis.assistants.reply import Reply
from analysis.assistants.sending import Sender, Sent, tokens_of
from analysis.assistants.tally import Counting, Tally
from analysis.assistants.turns import Turns
from analysis.errors import BudgetSpent

LOOK = 0.1
DECLINES = ("i'm sorry", "i’m sorry", "i am sorry", "sorry,", "i cannot", "i can't", "i can’t")
LONGEST_REPEATED = 2_000


class Assistant:
    """Use it as a context manager. Many threads may ask; together they keep to `concurrency`."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        budget: Budget | None = None,
        cache: ReplyCache | None = None,
        concurrency: int = 4,
        patience: Patience | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """`check` is called while answers are awaited; what it raises ends the batch at once."""
        self._endpoint = endpoint
        self._cache = cache
        self._check = check
        self._line = Line(endpoint)
        self._sender = Sender(self._line, budget or Budget(), patience or Patience())
        self._pool = AskingPool(concurrency)
        self._counting = Counting()
        self._turns = Turns()

    def __enter__(self) -> "Assistant":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.close()
        self._line.close()

    @property
    def tally(self) -> Tally:
        return replace(
            self._counting.tally, n_cache_faults=self._cache.n_faults if self._cache else 0
        )

    @property
    def given_up(self) -> Failure | None:
        """Why questions are no longer sent; None: they are. A job had better stop and say so."""
        return self._sender.given_up

    def ask(self, question: Question[Answer]) -> Answered[Answer]:
        return self.ask_all([question])[0]

    def ask_all(self, questions: Sequence[Question[Answer]]) -> list[Answered[Answer]]:
        """The answers, in the order of the questions.

        Raises:
            BudgetSpent: the next call could exceed the budget. Calls under way have been awaited
                and their answers are in the cache.
            BaseException: what `check` raises. Calls under way are left to themselves.
        """
        self._check()
        stop = threading.Event()
        futures = [self._pool.submit(self._answer, question, stop) for question in questions]
        try:
            self._await(futures)
            return [future.result() for future in futures]
        except BudgetSpent:
            _cancel(futures)
            wait(futures)
            raise
        finally:
            stop.set()
            _cancel(futures)

    def _await(self, futures: list[Future[Answered[Answer]]]) -> None:
        left = set(futures)
        while left:
            done, left = wait(left, timeout=LOOK, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            self._check()

    def _answer(self, question: Question[Answer], stop: threading.Event) -> Answered[Answer]:
        """The answer, repaired once where it is not in the form asked for."""
        answered, unfit = self._ask_once(question, stop)
        if unfit:
            repaired, _ = self._ask_once(_repair(question, unfit, answered.failure), stop)
            answered = replace(repaired, asked=(*answered.asked, *repaired.asked))
        self._counting.count_question(answered)
        return answered

    def _ask_once(
        self, question: Question[Answer], stop: threading.Event
    ) -> tuple[Answered[Answer], Reply | None]:
        """The answer; and where it should be repaired, what was said."""
        began, key = time.monotonic(), question.key(self._endpoint.url)
        with self._turns.of(key):
            known = self._cache.find(key) if self._cache else None
            sent = _known_before(question, known) if known else self._sender.send(question, stop)
            reply = sent.outcome if isinstance(sent.outcome, Reply) else None
            if reply and not known and self._cache:
                self._cache.keep(key, reply)
        read = _read(question, sent.outcome)
        asked = Asked(
            model=question.parameters.model,
            parameters=dict(sent.parameters),
            prompt_hash=key,
            prompt=question.prompt,
            raw=reply.text if reply else None,
            tokens_in=sent.tokens_in,
            tokens_out=sent.tokens_out,
            counted=sent.counted,
            dollars=sent.dollars,
            seconds=time.monotonic() - began,
            cached=known is not None,
            tries=sent.tries,
            failure=read.failure,
        )
        self._counting.count_asked(asked, sent.tried_again)
        places = reply.places if reply and not read.failure else ()
        unfit = reply if read.failure and read.failure.kind == "garbage" else None
        return Answered(read.value, read.failure, places, (asked,)), unfit


def _known_before(question: Question[Any], reply: Reply) -> Sent:
    tokens, counted = tokens_of(reply, question)
    return Sent(reply, reply.sent, *tokens, counted=counted)


@dataclass(frozen=True)
class _Read(Generic[Answer]):
    value: Answer | None
    failure: Failure | None


def _read(question: Question[Answer], outcome: Reply | Failure) -> _Read[Answer]:
    if isinstance(outcome, Failure):
        return _Read(None, outcome)
    if outcome.refused:
        return _Read(None, Failure("refusal", "the endpoint says that the model declined"))
    try:
        return _Read(question.form.read(find_object(outcome.text)), None)
    except UnfitAnswerError as error:
        if not outcome.whole:
            failure = Failure("half_answer", "the answer was longer than it may be")
        elif outcome.text.strip().lower().startswith(DECLINES):
            failure = Failure("refusal", "the model declined in words")
        else:
            failure = Failure("garbage", str(error))
        return _Read(None, failure)


def _repair(question: Question[Answer], reply: Reply, failure: Failure | None) -> Question[Answer]:
    """The same question after its unfit answer, with what was wrong."""
    complaint = (
        f"That cannot be used: {failure.detail if failure else ''}. Answer again, with nothing but "
        "one JSON object in the form that was asked for."
    )
    said = quote(reply.text[:LONGEST_REPEATED]) or "(nothing)"
    again = (Message("assistant", said), Message("user", complaint))
    return replace(question, messages=(*question.messages, *again))


def _cancel(futures: Sequence[Future[Any]]) -> None:
    for future in futures:
        future.cancel()
