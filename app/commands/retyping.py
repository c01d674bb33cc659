"""The command that was typed, to be typed once more with another port."""

import os
import shlex
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

PROGRAM: Final = "patchclamp"
STARTED_BY: Final = "PATCHCLAMP_STARTED_BY"
"""What was typed where that was another program (`make demo`); it hands on environment only."""
TRIES: Final = 50


def with_port(
    port: int, typed: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """`patchclamp up --port 8766`, `PATCHCLAMP_PORT=8766 make demo`: ready for a shell."""
    first, *arguments = sys.argv if typed is None else typed
    by = (os.environ if environment is None else environment).get(STARTED_BY)
    if by:
        return f"PATCHCLAMP_PORT={port} {by}"
    kept = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--port":
            next(rest, None)
        elif not argument.startswith("--port="):
            kept.append(argument)
    return shlex.join([_program(first), *kept, "--port", str(port)])


def free_port(host: str, after: int) -> int:
    """The first port beyond this one that nobody listens on; 0, any free one, where none is found
    soon."""
    for port in range(after + 1, min(after + TRIES, 65535) + 1):
        with suppress(OSError), socket.create_server((host, port)):
            return port
    return 0


def _program(first: str) -> str:
    """As it was typed, unless the shell finds it by its name alone."""
    if Path(first).name != PROGRAM or shutil.which(PROGRAM) == first:
        return PROGRAM
    return first
