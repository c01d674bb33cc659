"""A service in a process of its own that computes what tests need, to be killed.

python -m tests.inference.program FOLDER PORT, with the secret in the environment; --supervised: it
soon counts as stuck, and ends then
"""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis.inference.application import create_app
from analysis.inference.operations import Operation
from analysis.inference.serving import listen, server_of
from analysis.protocol.activations import StrongestAnswer, StrongestRequest
from analysis.protocol.experiments import GeneratedToken, GenerationEnd, GenerationRequest
from tests.inference.answers import RAN
from tests.inference.operating import Bench, Done, Work, token
from tests.inference.serving import options_of


def generate(
    model: Any,  # noqa: ARG001
    request: GenerationRequest,
    around: Any,
) -> Iterator[GeneratedToken | GenerationEnd]:
    """Counts, a hundred tokens a second."""
    for step in range(request.n_tokens):
        around.check()
        time.sleep(0.01)
        yield token(step)
    yield GenerationEnd(reasons={"clean": "length"}, ran=RAN)


def strongest(model: Any, request: StrongestRequest, around: Any) -> StrongestAnswer:  # noqa: ARG001
    """Only reads the array that it is given."""
    if request.scales is not None:
        around.array(request.scales)
    return StrongestAnswer(tokens=(), units=(), ran=RAN)


def keep_the_thread(model: Any, request: Work, around: Any) -> Done:  # noqa: ARG001
    threading.Event().wait()
    raise AssertionError


def keep_everything(model: Any, request: Work, around: Any) -> Done:  # noqa: ARG001
    """As a native function does that never lets other Python code run."""
    ctypes.PyDLL(None).sleep(60)
    raise AssertionError


if __name__ == "__main__":
    supervised = "--supervised" in sys.argv
    options = options_of(Path(sys.argv[1]), secret=os.environ["PATCHCLAMP_INFERENCE_SECRET"])
    if supervised:
        options = replace(options, seconds=0.2, stuck_seconds=0.2, restart_seconds=1.5)
    operations = [
        *Bench().operations(),
        Operation("generation", GenerationRequest, stream=generate),
        Operation("strongest", StrongestRequest, run=strongest),
        Operation("hang", Work, run=keep_the_thread),
        Operation("freeze", Work, run=keep_everything),
    ]
    server = server_of(create_app(options, operations=operations), supervised=supervised)
    server.run(sockets=[listen("127.0.0.1", int(sys.argv[2]))])
    sys.exit(1 if server.gave_up else 0)
