"""What the service can compute: one line each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from analysis.interventions.surroundings import Surroundings
from analysis.live.activations import activations
from analysis.live.strongest import strongest
from analysis.live.tokenize import tokenize
from analysis.models.subject import SubjectModel
from analysis.protocol.activations import ActivationsRequest, StrongestRequest, TokenizeRequest
from analysis.protocol.base import Message

Run = Callable[[SubjectModel, Any, Surroundings], Message]
Stream = Callable[[SubjectModel, Any, Surroundings], Iterator[Message]]


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
)
