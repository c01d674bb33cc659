"""A sweep of edits: every unit of a site (or of the model) edited one by one on one prompt."""

from typing import Annotated, Literal

from pydantic import Field

from analysis.protocol.activations import UnitSite
from analysis.protocol.base import Message
from analysis.protocol.edits import Positions, Strength
from analysis.protocol.experiments import Known, Ran, TokenText
from analysis.protocol.prompts import Prompt, TokenId

Metric = Literal["logprob", "logit_difference", "loss"]


class Measured(Message):
    """The number whose change is measured, and estimated by its gradient."""

    metric: Metric = "logprob"
    position: Annotated[int, Field(ge=0)] | None = None
    """None: the last of the prompt. Not for `loss`, which is the mean over the prompt."""
    token: TokenId | None = None
    """None: the likeliest of the clean run there."""
    against: TokenId | None = None
    """Of logit_difference: the other token; None: the clean run's second."""


class AskedToSweep(Message):
    """What whoever asks decides about a sweep of edits."""

    prompt: Prompt
    sites: tuple[UnitSite, ...] | None = Field(default=None, min_length=1, max_length=4096)
    """None: every site of the model, which takes minutes."""
    operation: Literal["zero", "mean", "set"] = "zero"
    value: Strength | None = None
    positions: Positions = Positions()
    measured: Measured = Measured()
    exact: int | None = Field(default=None, ge=0)
    """Only so many units per site, those of the largest estimate, and as many at random, are run;
    None: all are."""
    seed: int = Field(default=0, ge=0, le=2**63 - 1)


class EditSweepRequest(AskedToSweep, Known):
    """A sweep of edits."""


class EditSweepRow(Message):
    site: UnitSite
    index: int
    estimate: float
    """AtP: the change that the gradient of the clean run predicts."""
    effect: float | None
    """The change that was measured; None where it was not run."""
    kl: float | None
    """KL(clean ‖ edited) in nats at the measured position; for the loss, the mean over all."""
    drawn: bool
    """Chosen at random, not for its estimate: agreement is judged on these too."""


class EditSweepProgress(Message):
    done: int
    total: int


class EditSweepAnswer(Message):
    tokens: tuple[TokenText, ...]
    measured: Measured
    """With what stood for None."""
    clean: float
    """The metric of the clean run."""
    rows: tuple[EditSweepRow, ...]
    """By the size of the effect where it was run, else of the estimate."""
    r: float | None
    """Pearson r of estimate and effect over all that was run; None: undefined."""
    r_drawn: float | None
    """The same over those drawn at random."""
    ran: Ran
