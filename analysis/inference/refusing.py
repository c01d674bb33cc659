"""How the service says no: one exception that carries the refusal, and what becomes of others."""

import re
from typing import Final

import structlog
import torch

from analysis.errors import AnalysisError
from analysis.interventions.surroundings import MissingArray
from analysis.protocol.refusals import Reason, Refusal

STATUS: Final[dict[Reason, int]] = {
    "bad_request": 422,
    "unknown_operation": 404,
    "unknown_model": 404,
    "changed_model": 409,
    "missing_array": 409,
    "too_large": 413,
    "busy": 429,
    "too_slow": 504,
    "out_of_memory": 507,
    "cancelled": 499,
    "stopping": 503,
    "stuck": 503,
    "unauthorised": 401,
    "failed": 500,
}
UNIT: Final = re.compile(r"(mlp|attn|resid)\.\d")
RETRY_SECONDS: Final = 5
"""When a service that stops is likely to be there again,"""
STUCK_RETRY_SECONDS: Final = 60
"""and one that is stuck."""
CPU_FULL: Final = ("can't allocate memory", "not enough memory")
"""What torch's allocator says of a CPU, as a RuntimeError: on Unix, on Windows."""

log = structlog.get_logger("patchclamp.inference")


class Refused(Exception):  # noqa: N818 - an answer, told as one
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def refused(
    reason: Reason,
    detail: str,
    *,
    hint: str | None = None,
    retry_after: int | None = None,
    digest: str | None = None,
) -> Refused:
    return Refused(
        Refusal(reason=reason, detail=detail, hint=hint, retry_after=retry_after, digest=digest)
    )


def refusal_of(error: BaseException) -> Refusal:
    """What whoever asked is told of an exception; what nobody foresaw goes to the log."""
    if isinstance(error, Refused):
        return error.refusal
    if isinstance(error, AnalysisError):
        if error.public != error.detail:
            log.warning("inference.refused", reason=error.detail)
        return Refusal(reason="bad_request", detail=_sentence(error.public), hint=error.hint)
    if isinstance(error, MissingArray):
        return Refusal(
            reason="missing_array",
            detail="An array that the request names is not there.",
            hint="Send it, and ask again.",
            digest=error.digest,
        )
    if is_out_of_memory(error):
        log.warning("inference.out_of_memory", error=str(error))
        return Refusal(
            reason="out_of_memory",
            detail="Memory ran out while this was computed; nothing else was lost by it.",
            hint="Take a shorter prompt, fewer edits or fewer controls.",
        )
    log.error("inference.failed", exc_info=error)
    return Refusal(
        reason="failed",
        detail="The inference service failed while it computed this.",
        hint="Its log holds the reason.",
    )


def is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(said in str(error) for said in CPU_FULL)
    )


def stopping() -> Refusal:
    return Refusal(
        reason="stopping",
        detail="The inference service is being stopped.",
        hint="Ask again in a few seconds, if it is started again.",
        retry_after=RETRY_SECONDS,
    )


def stuck(what: str, seconds: float) -> Refusal:
    """`what` is computed, so many seconds after nobody waits for it any more."""
    return Refusal(
        reason="stuck",
        detail=f"The inference service is stuck: {what} still goes on, "
        f"{seconds:.0f} seconds after its request ended.",
        hint="Under `patchclamp up` it is started again by itself; elsewhere restart it. A "
        "tokenizer may never end on some text: do not ask the same again.",
        retry_after=STUCK_RETRY_SECONDS,
    )


def _sentence(detail: str) -> str:
    """Details of the analysis begin small, and end without a stop, for the command line. The name
    of a unit stays as it is."""
    text = detail if UNIT.match(detail) else detail[:1].upper() + detail[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
