"""Live activations of some units, or the units that fire most on a text."""

from typing import Annotated, Literal

from pydantic import Field

from analysis.protocol.base import Message
from analysis.protocol.edits import UnitRef
from analysis.protocol.experiments import Ran, TokenText
from analysis.protocol.model import ModelSpec
from analysis.protocol.prompts import Prompt

UnitSite = Annotated[str, Field(pattern=r"^(mlp|attn)\.(0|[1-9][0-9]{0,3})$")]


class TokenizeRequest(Message):
    model: ModelSpec
    prompts: tuple[Prompt, ...] = Field(min_length=1, max_length=64)


class TokenizeAnswer(Message):
    prompts: tuple[tuple[TokenText, ...], ...]
    has_chat_template: bool
    n_ctx: int


class ActivationsRequest(Message):
    model: ModelSpec
    prompts: tuple[Prompt, ...] = Field(min_length=1, max_length=64)
    units: tuple[UnitRef, ...] = Field(min_length=1, max_length=256)


class PromptActivations(Message):
    tokens: tuple[TokenText, ...]
    values: tuple[tuple[float, ...], ...]
    """Per unit asked for, one activation per token."""


class ActivationsAnswer(Message):
    prompts: tuple[PromptActivations, ...]
    ran: Ran


class StrongestRequest(Message):
    """Which units fire most on a text, over some sites or all."""

    model: ModelSpec
    prompt: Prompt
    sites: tuple[UnitSite, ...] | None = Field(default=None, max_length=4096)
    by: Literal["text", "token"] = "text"
    """text: each unit once, where it is strongest; token: the strongest at every token."""
    n: int = Field(default=50, ge=1, le=500)
    sign: Literal["positive", "negative", "both"] = "positive"
    skip_first: bool = True
    """Leaves out position 0, where most models have activations of another order."""
    positions: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        default=None, min_length=1, max_length=8192
    )
    """Only these tokens count. None: all do."""
    scales: str | None = Field(default=None, max_length=64)
    """Digest of an array that was sent before, [unit, 2] over all sites: centre and width of each
    unit's own distribution; activations are ranked by (a - centre) / width. None: as they are."""


class StrongUnit(Message):
    site: UnitSite
    index: int
    position: int
    value: float
    score: float
    """What it is ranked by."""
    values: tuple[float, ...] | None
    """By text: at every token."""


class StrongestAnswer(Message):
    tokens: tuple[TokenText, ...]
    units: tuple[StrongUnit, ...]
    """By text: strongest first. By token: by position, then strongest first."""
    ran: Ran
