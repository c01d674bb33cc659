"""Until when a program may run in this process, where others wait for it too."""

import time

from app.errors import BadRequestError


class TooSlowError(BadRequestError):
    title = "The program takes too long"


class Deadline:
    """Called between the parts of the work; it ends there, not in the middle of one."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def __call__(self) -> None:
        """Raises TooSlowError once the time is over."""
        if time.monotonic() > self._end:
            raise TooSlowError(
                f"The program was not done after {self._seconds:g} seconds, so it was ended; "
                "nothing was stored.",
                hint="Write fewer rules, or simpler ones: sets of tokens in place of regular "
                "expressions, and rules that look back less far. How long it takes also depends on "
                "how many windows the sweep kept. Without this limit, programs are scored from a "
                "file: `patchclamp explanations import`, then `score`.",
            )
