"""What is changed in a network: edits of units, and directions added to the residual stream.

A neuron's value is the input of the down projection; a head's is what it hands to the output
projection, a vector of d_head numbers, and its activation is the L2 norm of what it writes.
`resid.L` is the residual stream as it leaves layer L.
"""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from analysis.protocol.base import Message
from analysis.protocol.prompts import Prompt, Text

SITE = r"^(mlp|attn|resid)\.(0|[1-9][0-9]{0,3})$"
LARGEST_STRENGTH = 1e6
"""Beyond it float16 and bfloat16 overflow long before anything can be learnt."""
MOST_POSITIONS = 8192
MOST_EDITS = 256

Site = Annotated[str, Field(pattern=SITE, examples=["mlp.12"])]
Index = Annotated[int, Field(ge=0, le=2**31 - 1)]
Position = Annotated[int, Field(ge=0, lt=MOST_POSITIONS)]
Strength = Annotated[float, Field(ge=-LARGEST_STRENGTH, le=LARGEST_STRENGTH)]
Operation = Literal["zero", "mean", "resample", "set", "scale", "add", "patch"]


class UnitRef(Message):
    """A neuron or head of the model that the request is about."""

    site: Annotated[str, Field(pattern=r"^(mlp|attn)\.(0|[1-9][0-9]{0,3})$")]
    index: Index


class Positions(Message):
    """Where in the prompt an edit acts; token 0 is the first, BOS where the model uses one."""

    kind: Literal["all", "chosen", "last", "new"] = "all"
    """all: every token of the prompt, and every token that is generated; new: only these."""
    chosen: tuple[Position, ...] = Field(default=(), max_length=MOST_POSITIONS)
    last: int = Field(default=0, ge=0, le=MOST_POSITIONS)
    """The last so many tokens of the prompt."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "chosen") != bool(self.chosen):
            raise ValueError('name positions with kind "chosen", and only with it')
        if (self.kind == "last") != bool(self.last):
            raise ValueError('say how many with kind "last", and only with it')
        if len(set(self.chosen)) < len(self.chosen):
            raise ValueError("a position is named twice")
        return self


class Direction(Message):
    """A vector of the residual stream: given, of a neuron, or the difference of two means."""

    kind: Literal["vector", "unit", "difference"]
    vector: tuple[float, ...] | None = Field(default=None, max_length=65536)
    unit: UnitRef | None = None
    """Its output vector: what the neuron writes per unit of activation."""
    towards: tuple[Text, ...] | None = Field(default=None, max_length=64)
    away_from: tuple[Text, ...] | None = Field(default=None, max_length=64)
    """The direction is the mean of the stream over all tokens (but the first) of the one set of
    texts, minus that over the other, at the place of the edit."""
    normalised: bool = False
    """Scaled to length 1 first."""

    @field_validator("vector")
    @classmethod
    def _all_finite(cls, values: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if values is not None and not all(map(math.isfinite, values)):
            raise ValueError("a vector holds NaN or infinity")
        return values

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        parts = {
            "vector": self.vector is not None,
            "unit": self.unit is not None,
            "difference": bool(self.towards) and bool(self.away_from),
        }
        if not parts[self.kind]:
            raise ValueError(f"a direction of kind {self.kind} lacks what it is made of")
        if self.unit is not None and not self.unit.site.startswith("mlp."):
            raise ValueError("only neurons have an output vector: name an mlp site")
        return self


class Edit(Message):
    """One change. `zero` `mean` `resample` `set` `scale` `add` `patch` of a unit, or `add` of a
    direction to `resid.L`."""

    site: Site
    index: Index | None = None
    """Of the unit; none for the residual stream."""
    operation: Operation
    value: Strength | None = None
    """set: the activation; scale: the factor; add: what is added to a neuron's activation, or how
    many times the direction; mean: the mean where it is known (else it is taken over the
    reference windows)."""
    positions: Positions = Positions()
    per_position: bool = False
    """mean: over the reference windows' tokens at the same position instead of all of them."""
    source: Prompt | None = None
    """patch: the other prompt; resample: a named one (else the reference windows)."""
    source_positions: tuple[Position, ...] = Field(default=(), max_length=MOST_POSITIONS)
    """Of chosen positions: where in the other prompt each value comes from. Without it the same
    positions; of the last n, the last n; of all, prompts must have equally many tokens."""
    direction: Direction | None = None

    @property
    def layer(self) -> int:
        return int(self.site.partition(".")[2])

    @property
    def kind(self) -> str:
        return self.site.partition(".")[0]

    @property
    def name(self) -> str:
        """As it is typed: `mlp.12/345`, or `resid.7`."""
        return self.site if self.index is None else f"{self.site}/{self.index}"

    @model_validator(mode="after")
    def _fits_its_place(self) -> Self:
        if (self.kind == "resid") != (self.index is None):
            raise ValueError(f"{self.site} needs {'no index' if self.index is not None else 'one'}")
        if (self.kind == "resid") != (self.direction is not None):
            raise ValueError("a direction is added to resid.L, and resid.L takes a direction only")
        if self.kind == "resid" and self.operation != "add":
            raise ValueError(f"{self.operation} is of units: to the residual stream one adds")
        if self.kind == "attn" and self.operation == "add":
            raise ValueError(
                "a head's value is a vector: scale, set or patch it, or add a direction to the "
                "residual stream"
            )
        if self.kind == "attn" and self.operation == "set" and (self.value or 0.0) < 0.0:
            raise ValueError("a head's activation is a length: it cannot be set below 0")
        return self

    @model_validator(mode="after")
    def _fits_its_operation(self) -> Self:
        if self.operation in ("set", "scale", "add") and self.value is None:
            raise ValueError(f"{self.operation} needs a value")
        if self.operation in ("zero", "patch", "resample") and self.value is not None:
            raise ValueError(f"{self.operation} takes no value")
        if self.operation == "patch" and self.source is None:
            raise ValueError("patch needs the prompt that it patches from (source)")
        if self.source is not None and self.operation not in ("patch", "resample"):
            raise ValueError(f"{self.operation} takes no source")
        if self.source_positions and (
            self.source is None or len(self.source_positions) != len(self.positions.chosen)
        ):
            raise ValueError("source_positions names one place of the source per chosen position")
        return self
