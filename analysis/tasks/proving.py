"""What web side and inference service say to each other about a circuit that is proved at once.

Here and not in `analysis.protocol`, which knows nothing of pairs.
"""

from typing import Final, Literal, Self

from pydantic import Field, model_validator

from analysis.protocol.base import Message
from analysis.protocol.edits import UnitRef
from analysis.protocol.experiments import Ran
from analysis.protocol.model import ModelSpec
from analysis.protocol.proofs import Ablation, Estimate
from analysis.tasks.prompting import MOST_FINDING
from analysis.tasks.task import Metric, Pair, lacks

MOST_KEPT: Final = 5_000
"""Units: as many as a stored ranking has."""

Part = Literal["faithfulness", "completeness", "random"]
PARTS: Final[tuple[Part, ...]] = ("faithfulness", "completeness", "random")


class AboutPairs(Message):
    """What is asked of a loaded model about some pairs of a task, whose metric they have."""

    model: ModelSpec
    metric: Metric
    pairs: tuple[Pair, ...] = Field(min_length=1, max_length=MOST_FINDING)

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        for number, pair in enumerate(self.pairs, start=1):
            lacking = lacks(self.metric.kind, pair)
            if lacking is not None:
                raise ValueError(f"pair {number} {lacking}")
        return self


class ProveRequest(AboutPairs):
    """Some units on some pairs of a task."""

    averaged: tuple[Pair, ...] = Field(default=(), max_length=MOST_FINDING)
    """Those that means are over; none: `pairs` themselves."""
    ablation: Ablation
    units: tuple[UnitRef, ...] = Field(max_length=MOST_KEPT)
    """Which are kept."""
    parts: tuple[Part, ...] = Field(default=PARTS, min_length=1, max_length=len(PARTS))
    """Each costs runs of its own: one, one and two per batch of pairs."""
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    """Of random units."""


class ProveAnswer(Message):
    n_units: int
    """That are kept, each counted once."""
    n_prompts: int
    whole: Estimate
    """m(M): the metric of the untouched model."""
    empty: Estimate
    """m(∅): with every neuron and head ablated."""
    faithfulness: Estimate | None
    """(m(kept) − m(∅)) / (m(M) − m(∅)); None, as the next two: not asked for."""
    completeness: Estimate | None
    """The same of the network without them: low is good."""
    random: Estimate | None
    """Faithfulness of as many random units, the mean of two draws."""
    ran: Ran
    """`clean_reused`: the pairs were traced already."""
