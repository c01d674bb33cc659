"""What clients send about graphs, in Neuronpedia's names."""

# ruff: noqa: N815 - the names are Neuronpedia's

from typing import Annotated, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.api.neuronpedia.parameters import Model, Text, refuse_truth
from app.errors import BadRequestError, NotFoundError
from app.security import FILE_LIMIT
from app.store.queries.circuit import require_circuit
from app.store.queries.model import get_model
from app.store.slugs import NAMED
from app.store.writing_circuits import LONGEST_FILE

Slug = Annotated[
    str, Field(description="What the graph is called.", pattern=NAMED, examples=["capital-texas"])
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(refuse_truth)]


class SlugTakenError(BadRequestError):
    """As their server answers it."""

    status = 400
    title = "The slug is taken"


class GraphName(BaseModel):
    """Which graph."""

    model_config = ConfigDict(frozen=True)

    modelId: Model
    slug: Slug


class AnnouncedGraph(BaseModel):
    """A file that will be sent."""

    model_config = ConfigDict(frozen=True)

    filename: str = Field(
        description="As the circuit will tell where it is from.",
        min_length=1,
        max_length=LONGEST_FILE,
        examples=["capital-texas.json"],
    )
    contentLength: Annotated[int, BeforeValidator(refuse_truth)] = Field(
        description="Bytes of the body, compressed where it is.", ge=1, le=FILE_LIMIT
    )
    contentType: str = Field(default="application/json", max_length=200)


class SentGraph(BaseModel):
    """A file that was sent."""

    model_config = ConfigDict(frozen=True)

    putRequestId: str = Field(
        description="As `signed-put` answered it.", pattern=r"^[A-Za-z0-9_-]{24}$"
    )


class GraphPrompt(GraphName):
    """A prompt, and how large its graph may be."""

    prompt: Text
    maxNLogits: Annotated[int, BeforeValidator(refuse_truth)] = Field(default=10, ge=1, le=100)
    desiredLogitProb: Share = 0.95
    nodeThreshold: Share = 0.8
    edgeThreshold: Share = 0.98


def check_generation(session: Session, body: GraphPrompt) -> NoReturn:
    """Raises what is wrong with the wish: NotFoundError, SlugTakenError, or that one prompt is not
    enough (BadRequestError)."""
    get_model(session, name=body.modelId)
    if _is_taken(session, body):
        raise SlugTakenError(
            f"{body.modelId} has a graph that is called {body.slug} already.",
            hint="Give another slug, or delete that graph.",
        )
    raise BadRequestError(
        "From one prompt alone no graph is found here: neurons and heads are compared on a prompt "
        "and its counterfactual.",
        hint="Keep a task of pairs (POST /api/v1/models/{model}/tasks) or name one that is made "
        'for any model, and ask for a job of kind "circuit" (POST /api/v1/jobs). A graph of '
        "transcoders' features, made by circuit-tracer, can be uploaded.",
    )


def _is_taken(session: Session, body: GraphPrompt) -> bool:
    try:
        require_circuit(session, model=body.modelId, slug=body.slug)
    except NotFoundError:
        return False
    return True
