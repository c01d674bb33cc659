"""Log lines that never stop the work: where they cannot be written, they are dropped."""

import sys
from contextlib import suppress
from typing import Any, TextIO

import structlog

from app.observability import configure_logging
from app.settings import Settings


def set_up_logging(settings: Settings) -> None:
    configure_logging(settings)
    structlog.configure(logger_factory=TolerantLogger)


class TolerantLogger:
    """Writes lines to standard error; a full disk or a reader that has gone does not matter."""

    def __init__(self, *_: Any) -> None:  # noqa: ANN401 (structlog gives the name of the logger)
        self._stream: TextIO = sys.stderr

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(message + "\n")
            self._stream.flush()

    debug = info = warning = warn = error = critical = exception = fatal = log = msg
