"""What an operation on a loaded model is given besides model and request.

An operation is a function `(model, request, around) -> answer`, or a generator of messages. Between
two messages of a generator other requests run on the same thread, so it must not hold one of
torch's modes (`no_grad`, `inference_mode`) over a `yield`: put the mode around what is computed,
or decorate the generator function, which torch leaves and enters at each message.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from analysis.interventions.clean import CleanRuns
from analysis.models.subject import SubjectModel
from analysis.protocol.experiments import Ran


class MissingArray(LookupError):  # noqa: N818 - not an error: it has to be sent first
    """An array that a request names has not been sent, or was given up for others since."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


@dataclass(frozen=True)
class Surroundings:
    check: Callable[[], None]
    """Raises when nobody waits any more, or the time is up; call it between layers and batches."""
    array: Callable[[str], np.ndarray]
    """An array that was sent before, by its digest. MissingArray: it is not there."""
    traces: CleanRuns
    """What is kept of earlier runs of this loaded model; lives as long as it."""
    code_version: str


def ran_on(model: SubjectModel, around: Surroundings, *, clean_reused: bool = False) -> Ran:
    """How it was computed; the service that asked fills in the times."""
    return Ran(
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(model.device),
        code_version=around.code_version,
        torch_version=torch.__version__,
        queue_ms=0.0,
        model_ms=0.0,
        clean_reused=clean_reused,
    )
