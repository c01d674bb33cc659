"""What requests about tasks and circuits may carry, and what the answers hold that the store keeps
as JSON."""

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from analysis.protocol.circuits import Circuit
from analysis.protocol.proofs import Prompts, Proof
from analysis.tasks.task import Task
from app.api.keeping import Body
from app.api.parameters import LARGEST
from app.store.slugs import NAMED
from app.store.views.circuit import CircuitLine, ProofLine
from app.store.views.task import TaskLine
from app.store.writing_circuits import LONGEST_TITLE

TaskSlug = Annotated[
    str, Path(description="Slug of the task.", pattern=NAMED, examples=["pronouns-48"])
]
CircuitSlug = Annotated[
    str, Path(description="Slug of the circuit.", pattern=NAMED, examples=["pronouns-48"])
]
ProofNumber = Annotated[
    int,
    Path(
        description="Number of the proof, as the list of proofs gives it.",
        ge=1,
        le=LARGEST,
        examples=[1],
    ),
]
OnTask = Annotated[
    str | None,
    Query(
        alias="task",
        description="Only those found on the task of this slug.",
        pattern=NAMED,
        examples=["pronouns-48"],
    ),
]
OfOrigin = Annotated[
    Literal["found", "imported"] | None,
    Query(alias="origin", description="Only those found here, or imported.", examples=["found"]),
]

OnPrompts = Annotated[
    Prompts,
    Query(
        alias="prompts",
        description="Those that were held out, or those that it was found on.",
        examples=["held_out"],
    ),
]


class TaskBody(BaseModel):
    """A task, read by the model's tokenizer already: every token has its id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str | None = Field(
        default=None,
        description="What it is called in addresses; left out, a free one is made of its name.",
        pattern=NAMED,
        examples=["who-thanked-whom"],
    )
    task: Task = Field(description="Pairs of prompts with a metric (docs/tasks.md).")


class TitleBody(Body):
    """What a circuit is called."""

    title: str = Field(
        description="A few words; its slug stays.",
        min_length=1,
        max_length=LONGEST_TITLE,
        examples=["Who is meant by he and she"],
    )


class TaskAnswer(TaskLine):
    """A task with its pairs (`TaskView`)."""

    n_circuits: int
    task: Task


class ProofAnswer(ProofLine):
    """One time that a circuit was held to account (`ProofView`)."""

    proof: Proof


class CircuitAnswer(CircuitLine):
    """A circuit with its graph, its task and its proofs (`CircuitView`)."""

    on: TaskLine | None
    proofs: list[ProofAnswer]
    circuit: Circuit
