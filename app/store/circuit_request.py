"""The request for a circuit: on which task, found how."""

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.store.request_fields import ONE_LINE, Name, Request, Slug

PROMPT = r"^[^\x00]+$"
LONGEST_PROMPT = 100_000
MOST_ASKED = 2_000
"""Neurons and heads of a graph that is searched for."""

GENERATORS = (
    "indirect-objects", "greater-than", "docstrings", "agreement", "induction", "pronouns",
)  # fmt: skip
"""Tasks that are made for any model (`analysis.tasks.generating`)."""

Ranking = Literal["nested", "ig", "both_ends", "relp", "atp_star", "atp"]
Ablation = Literal["resample", "mean", "zero"]
"""Both as in `analysis.protocol`, which the store opens without; a contract test compares
them."""


def _named_alone(name: str, other: str) -> dict[str, Any]:
    return {
        "required": [name],
        "properties": {name: {"type": "string"}, other: {"type": "null"}},
    }


class CircuitRequest(Request):
    """Find the neurons and heads that make a model do a task, draw them, and prove them."""

    model_config = ConfigDict(
        **Request.model_config,
        json_schema_extra={
            "anyOf": [_named_alone("task", "prompt"), _named_alone("prompt", "task")]
        },
    )

    kind: Literal["circuit"] = "circuit"
    model: Name
    task: Slug | None = Field(
        default=None,
        description=f"What is made for any model ({', '.join(GENERATORS)}), or the slug of a task "
        "that is stored.",
        examples=["pronouns"],
    )
    prompt: str | None = Field(
        default=None,
        pattern=PROMPT,
        max_length=LONGEST_PROMPT,
        description="Instead of a task: one prompt, which is compared with its own tokens in "
        "another order.",
    )
    n_pairs: int = Field(
        default=128, ge=2, le=10_000, description="Pairs of prompts, of a task that is made."
    )
    method: Ranking = Field(default="nested", description="How units are ranked.")
    ablation: Ablation = Field(
        default="resample",
        description="What stands in the place of what is ablated: its value on the counterfactual "
        "prompt, its mean over prompts, or 0.",
    )
    n_nodes: int = Field(
        default=256,
        ge=1,
        le=MOST_ASKED,
        description="At most so many neurons and heads are kept in the graph.",
    )
    slug: Slug | None = Field(
        default=None,
        description="What it is called in addresses; default: a free one, as where another "
        "circuit gets this one while it is searched.",
    )
    title: str | None = Field(
        default=None,
        pattern=ONE_LINE,
        max_length=200,
        description="What it is called; default: as its task.",
    )
    seed: int = Field(default=0, ge=0, le=2**63 - 1, description="Of every random choice.")

    @model_validator(mode="after")
    def _is_found_on_something(self) -> Self:
        if (self.task is None) == (self.prompt is None):
            raise ValueError("name a task or a prompt, and not both")
        return self
