"""Why a job's code is left early without having failed, and which errors mean "wait".

Interruptions are no `Exception`: neither an `except Exception` in a method nor the durable queue,
which would record them as the outcome of a step, may swallow them.
"""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from app.errors import UnavailableError
from app.store.failures import unavailable

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
OS_ERROR = re.compile(r"\(os error (\d+)\)")
"""How libraries in Rust, as that of safetensors, tell a number of `errno`."""


class Interruption(BaseException):
    """The job's code stops here."""


class JobCancelled(Interruption):
    """Somebody asked for it."""


class LeaseLost(Interruption):
    """Another worker has the job now; this one writes nothing more."""


class WorkerStopping(Interruption):
    """The worker was asked to stop; the job goes on elsewhere, at the interrupted step."""


class StoreWaiting(Interruption):
    """The queue's own file could not be written: start again at the interrupted step, later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def reason_to_wait(error: BaseException) -> str | None:
    """What keeps the store or the disk from being written, if that is all that is wrong.

    As anybody may read it: without addresses and folders.
    """
    for cause in _chain(error):
        if isinstance(cause, UnavailableError):
            return f"{cause.public} {cause.hint or ''}".strip()
        if isinstance(cause, DBAPIError) and cause.orig is not None:
            told = unavailable(cause.orig, name="of the queue")
            if told is not None:
                return f"{told.public} {told.hint or ''}".strip()
        if isinstance(cause, OSError) and cause.errno in FULL:
            where = f" ({_last_part(cause.filename)})" if cause.filename else ""
            return f"The disk cannot be written: {cause.strerror}{where}. Free some space."
        number = OS_ERROR.search(str(cause))
        if number is not None and int(number[1]) in FULL:
            return f"The disk cannot be written: {os.strerror(int(number[1]))}. Free some space."
        if "No space left on device" in str(cause):  # other writers that are not Python's
            return "The disk is full. Free some space."
    return None


def _last_part(filename: object) -> str:
    return Path(os.fsdecode(filename)).name if isinstance(filename, str | bytes) else "a file"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
