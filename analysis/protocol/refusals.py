"""How the service says no, and what every answer but a stream's looks like from outside."""

from typing import Literal

from analysis.protocol.base import Message

Reason = Literal[
    "bad_request",
    "unknown_model",
    "changed_model",
    "missing_array",
    "too_large",
    "busy",
    "too_slow",
    "out_of_memory",
    "cancelled",
    "stopping",
    "stuck",
    "unknown_operation",
    "unauthorised",
    "failed",
]


class Refusal(Message):
    """The body of every answer that is not 200, and the last line of a stream that failed."""

    reason: Reason
    detail: str
    """What happened, as a sentence that whoever asked may read."""
    hint: str | None = None
    retry_after: int | None = None
    """Seconds, where waiting is all that is needed."""
    digest: str | None = None
    """missing_array: of the array that has to be sent first."""
