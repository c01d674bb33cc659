"""What the inference service's refusals and silences are to whoever asked the web side."""

from collections.abc import Callable
from typing import Final

import structlog

from analysis.protocol.refusals import Reason, Refusal
from app.errors import (
    BadRequestError,
    ConflictError,
    InferenceError,
    PatchclampError,
    TooManyError,
)

Make = Callable[..., PatchclampError]

ERRORS: Final[dict[Reason, Make]] = {
    "bad_request": BadRequestError,
    "unknown_operation": InferenceError,
    "unknown_model": ConflictError,
    "changed_model": ConflictError,
    "missing_array": InferenceError,
    "too_large": BadRequestError,
    "busy": TooManyError,
    "too_slow": BadRequestError,
    "out_of_memory": InferenceError,
    "cancelled": InferenceError,
    "stopping": InferenceError,
    "stuck": InferenceError,
    "unauthorised": InferenceError,
    "failed": PatchclampError,
}
RETRY_SECONDS: Final = 5
"""A service that died is started again about as soon."""

STUCK: Final = (
    "The inference service is stuck: something that nobody waits for any more still goes on."
)
"""As everybody may read it: what it is, and of which model, may be nothing that they see."""

log = structlog.get_logger("patchclamp.web")


def error_of(refusal: Refusal) -> PatchclampError:
    """What is raised for it; waiting helps where it says how long."""
    if refusal.reason in ("unauthorised", "failed", "unknown_operation"):
        log.error("inference.refused", reason=refusal.reason, detail=refusal.detail)
    waits = refusal.reason == "too_slow" and refusal.retry_after is not None
    make = InferenceError if waits else ERRORS[refusal.reason]
    public = STUCK if refusal.reason == "stuck" else None
    return make(refusal.detail, hint=refusal.hint, public=public, retry_after=refusal.retry_after)


def not_running(error: Exception | None = None) -> PatchclampError:
    if error is not None:
        log.warning("inference.unreachable", error=f"{type(error).__name__}: {error}")
    return InferenceError(
        "The inference service is not running: live activations and experiments are not available; "
        "pages made of rows go on working.",
        hint="Start everything with `patchclamp up`, or the service alone with "
        "`patchclamp inference` and the same PATCHCLAMP_INFERENCE_SECRET for both.",
        retry_after=None if error is None else RETRY_SECONDS,
    )


def cut_off(error: Exception | None = None) -> PatchclampError:
    log.warning("inference.cut_off", error="" if error is None else type(error).__name__)
    return InferenceError(
        "The inference service ended before its answer did.",
        hint="Under `patchclamp up` it is started again within seconds: ask again then.",
        retry_after=RETRY_SECONDS,
    )


def too_long() -> PatchclampError:
    return InferenceError(
        "The inference service did not answer in time.",
        hint="Its log may say why; GET /readyz says whether it answers at all.",
        retry_after=RETRY_SECONDS,
    )


def no_connection() -> PatchclampError:
    return TooManyError(
        "Too many requests wait for the inference service.",
        hint="Ask again in a moment.",
        retry_after=RETRY_SECONDS,
    )


def not_understood(what: str) -> PatchclampError:
    log.error("inference.not_understood", answer=what[:200])
    return InferenceError(
        "The inference service answered in a way that this web side does not understand.",
        hint="Both must be of the same version: restart them with `patchclamp up`.",
    )
