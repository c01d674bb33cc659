"""What the service can compute: one line each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from analysis.interventions.edit_sweep import sweep_edits
from analysis.interventions.experiment import run_experiment
from analysis.interventions.generation import generate
from analysis.interventions.surroundings import Surroundings
from analysis.live.activations import activations
from analysis.live.proving import prove
from analysis.live.scrubbing import scrub_claims
from analysis.live.strongest import strongest
from analysis.live.tokenize import tokenize
from analysis.models.tracing import EditableModel
from analysis.protocol.activations import ActivationsRequest, StrongestRequest, TokenizeRequest
from analysis.protocol.base import Message
from analysis.protocol.experiments import ExperimentRequest, GenerationRequest
from analysis.protocol.sweeps import EditSweepRequest
from analysis.tasks.proving import ProveRequest
from analysis.tasks.scrubbing import ScrubRequest

Run = Callable[[EditableModel, Any, Surroundings], Message]
Stream = Callable[[EditableModel, Any, Surroundings], Iterator[Message]]


@dataclass(frozen=True)
class Operation:
    name: str
    """As it stands in the path: POST /v1/NAME."""
    request: type[Message]
    """With the field `model`, a ModelSpec."""
    run: Run | None = None
    stream: Stream | None = None
    """Instead of `run`: answers line by line; between two lines others have their turn."""
    takes_minutes: bool = False


OPERATIONS: Final = (
    Operation("tokenize", TokenizeRequest, run=tokenize),
    Operation("activations", ActivationsRequest, run=activations),
    Operation("strongest", StrongestRequest, run=strongest),
    Operation("experiment", ExperimentRequest, run=run_experiment),
    Operation("prove", ProveRequest, run=prove),
    Operation("scrub", ScrubRequest, run=scrub_claims),
    Operation("generation", GenerationRequest, stream=generate),
    Operation("edit-sweep", EditSweepRequest, stream=sweep_edits, takes_minutes=True),
)
