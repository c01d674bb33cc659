"""A service in a process of its own that computes what tests need, to be killed.

python -m tests.inference.program FOLDER PORT, with the secret in the environment
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.inference.application import create_app
from analysis.inference.operations import Operation
from analysis.inference.serving import listen, server_of
from analysis.protocol.activations import StrongestAnswer, StrongestRequest
from analysis.protocol.experiments import GeneratedToken, GenerationEnd, GenerationRequest
from tests.inference.answers import RAN
from tests.inference.operating import Bench, token
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


if __name__ == "__main__":
    options = options_of(Path(sys.argv[1]), secret=os.environ["PATCHCLAMP_INFERENCE_SECRET"])
    operations = [
        *Bench().operations(),
        Operation("generation", GenerationRequest, stream=generate),
        Operation("strongest", StrongestRequest, run=strongest),
    ]
    server_of(create_app(options, operations=operations)).run(
        sockets=[listen("127.0.0.1", int(sys.argv[2]))]
    )
