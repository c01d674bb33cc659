"""What became of a question: the answer with what it cost, or one of a few kinds of failure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal

from analysis.assistants.question import Answer

FailureKind = Literal[
    "refusal",
    "garbage",
    "half_answer",
    "timeout",
    "rate_limited",
    "server_error",
    "rejected",
    "unreachable",
    "not_a_completion",
    "not_sent",
]
"""refusal: the model declined. garbage: an answer that is not in the form asked for, twice.
half_answer: cut off by its length or on the way. rate_limited: 429 to the last try. server_error:
5xx. rejected: any other refused request, such as a wrong key or an unknown model. unreachable: no
connection. not_a_completion: HTML, or JSON that is no chat completion. not_sent: left out, because
the endpoint failed too often in a row before."""


@dataclass(frozen=True)
class Failure:
    kind: FailureKind
    detail: str
    """One line for people; never the key."""


@dataclass(frozen=True)
class Asked:
    """One question as it went out, and what came back."""

    model: str
    parameters: dict[str, Any]
    """Those that were sent."""
    prompt_hash: str
    prompt: str
    """The messages, as JSON."""
    raw: str | None
    """The answer as it came; None: there was none."""
    tokens_in: int
    tokens_out: int
    counted: bool
    """False: the endpoint did not say, so the tokens are what they can have been at most."""
    dollars: float
    seconds: float
    cached: bool
    """Known from before: sent nowhere and free. The tokens are those of then."""
    tries: int
    failure: Failure | None


@dataclass(frozen=True)
class Alternative:
    """A token that could have stood at one place of an answer."""

    text: str
    logprob: float


@dataclass(frozen=True)
class Place:
    """One token of an answer, and the likeliest ones at its place (itself among them or not)."""

    chosen: Alternative
    others: tuple[Alternative, ...]


@dataclass(frozen=True)
class Answered(Generic[Answer]):
    """The last word on one question."""

    value: Answer | None
    """None: it failed, and `failure` says how."""
    failure: Failure | None
    places: tuple[Place, ...]
    """Token by token with log-probabilities; empty where the endpoint has none."""
    asked: tuple[Asked, ...]
    """One, or two where an answer had to be repaired."""


def failures_by_kind(answers: Iterable[Answered[Any]]) -> dict[str, int]:
    """How many questions failed, by kind."""
    return dict(Counter(answer.failure.kind for answer in answers if answer.failure))
