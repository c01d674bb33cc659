"""One experiment: a prompt, the edits, and what they changed, beside the same edits elsewhere."""

from typing import Annotated

from pydantic import Field

from analysis.protocol.base import Message
from analysis.protocol.edits import MOST_EDITS, Edit, Index, Position, Site
from analysis.protocol.model import ModelSpec
from analysis.protocol.prompts import Prompt, TokenId

MOST_CONTROLS = 32
MOST_TARGETS = 64


class Reference(Message):
    """Windows that means are taken over and that resampling draws from."""

    windows: tuple[tuple[TokenId, ...], ...] = Field(min_length=1, max_length=64)
    label: str = Field(default="", max_length=200)
    """Where they come from, for whoever reads the experiment later."""


class Wanted(Message):
    """What is measured besides KL and loss."""

    top: int = Field(default=10, ge=1, le=50)
    """So many tokens before and after, per position."""
    targets: tuple[TokenId, ...] = Field(default=(), max_length=MOST_TARGETS)
    """Tokens whose logit and probability are told at every position, whatever their rank."""
    downstream: int = Field(default=20, ge=0, le=200)
    """So many units whose activations moved most; 0: none are looked at."""
    lens: bool = True
    """The logit lens, layer by layer, at the last position or at `lens_position`."""
    lens_position: Position | None = None


class Asked(Message):
    """What whoever asks decides about an experiment."""

    prompt: Prompt
    edits: tuple[Edit, ...] = Field(default=(), max_length=MOST_EDITS)
    """None: only the clean run is told."""
    chained: bool = False
    """False: `scale` and `add` act on the values of the clean run, so that the order of edits does
    not matter; True: on what the earlier edits have made of them, as plain hooks would."""
    controls: int = Field(default=1, ge=0, le=MOST_CONTROLS)
    """So many times the same edits of random other units of the same sites."""
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    """Of controls and resampling."""
    wanted: Wanted = Wanted()


class Known(Message):
    """What whoever knows the store adds to a request."""

    model: ModelSpec
    reference: Reference | None = None
    statistics: str | None = Field(default=None, max_length=64)
    """Digest of an array that was sent before, [unit, 2]: mean and standard deviation of every
    unit's activation, site after site. Means are put in where an edit says mean; changes of units
    are ranked in standard deviations."""


class ExperimentRequest(Asked, Known):
    """One experiment."""


class TokenText(Message):
    id: TokenId
    text: str


class TopToken(Message):
    """A token among the likeliest before or after: its probabilities, and the change of logit."""

    id: TokenId
    text: str
    before: float
    after: float
    controls: tuple[float, ...]
    """Its probability under each control."""
    logit_change: float


class Target(Message):
    """A chosen token at one position."""

    id: TokenId
    logit_before: float
    logit_after: float
    logit_controls: tuple[float, ...]
    before: float
    """Its probability."""
    after: float
    controls: tuple[float, ...]


class PositionEffect(Message):
    """What the model predicts after one token of the prompt, before and after the edits."""

    position: Position
    kl: float
    """KL(before ‖ after) in nats."""
    kl_controls: tuple[float, ...]
    loss_before: float | None
    """Of the next token of the prompt, in nats; None after the last."""
    loss_after: float | None
    loss_controls: tuple[float, ...]
    top: tuple[TopToken, ...]
    targets: tuple[Target, ...]


class ResolvedEdit(Message):
    """The very numbers that an edit put in: new value = keep · value + give, per position."""

    site: Site
    index: Index | None
    positions: tuple[Position, ...]
    before: tuple[float, ...]
    """Activation of the unit there in the clean run (of a head, the norm; of the stream, its
    norm)."""
    keep: tuple[float, ...]
    give: tuple[tuple[float, ...], ...]
    """Per position: one number for a neuron, d_head for a head, d_model for the stream; one row
    where it is the same at every position."""
    length: tuple[float, ...] | None = None
    """Of a head that was set: scaled to write a vector of this norm."""


class MovedUnit(Message):
    """A unit whose activation moved, where it moved most."""

    site: Site
    index: Index
    position: Position
    before: float
    after: float
    sigmas: float | None
    """The change in standard deviations of its activation; None where these are not known."""
    control: float | None
    """The first control's change of the same unit, at the position where that is largest, in the
    same unit of measure."""


class LayerMovement(Message):
    """How far one site's activations moved over all positions: root mean square change, in
    standard deviations where known, else relative to the root mean square activation."""

    site: Site
    moved: float
    control: float | None


class LensRow(Message):
    """The logit lens after one layer: what the unembedding reads there, at one position."""

    layer: int
    kl: float
    before: tuple[tuple[TokenText, float], ...]
    after: tuple[tuple[TokenText, float], ...]


class Ran(Message):
    """How it was computed."""

    dtype: str
    device: str
    code_version: str
    torch_version: str
    queue_ms: float
    """Waiting for the model."""
    model_ms: float
    """All that was computed: forward passes and measurement."""
    clean_reused: bool
    """The clean run was there from an earlier request."""


class ExperimentAnswer(Message):
    tokens: tuple[TokenText, ...]
    edits: tuple[ResolvedEdit, ...]
    control_units: tuple[tuple[str, ...], ...]
    """Per control, what stood in for each edit's unit."""
    positions: tuple[PositionEffect, ...]
    kl_mean: float
    kl_mean_controls: tuple[float, ...]
    loss_before: float | None
    """Mean over the prompt; None for a prompt of one token and for encoders."""
    loss_after: float | None
    loss_controls: tuple[float, ...]
    moved: tuple[MovedUnit, ...]
    layers: tuple[LayerMovement, ...]
    lens: tuple[LensRow, ...]
    ran: Ran


class Drawing(Message):
    """How the tokens of continuations are drawn."""

    n_tokens: int = Field(default=48, ge=1, le=1024)
    temperature: float = Field(default=0.0, ge=0, le=10)
    """0: always the likeliest token."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    frequency_penalty: float = Field(default=0.0, ge=-2, le=2)
    """Taken off a token's logit for each time that it has been generated."""
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    control: bool = False
    """A third continuation, under the same edits of random other units."""


class AskedToGenerate(Drawing):
    """What whoever asks decides about continuations."""

    prompt: Prompt
    edits: tuple[Edit, ...] = Field(default=(), max_length=MOST_EDITS)


class GenerationRequest(AskedToGenerate, Known):
    """Two continuations from one seed: unedited and edited, streamed token by token."""


class GeneratedToken(Message):
    """One step of one continuation."""

    which: Annotated[str, Field(pattern="^(clean|edited|control)$")]
    step: int
    token: TokenText
    logprob: float
    """Of the token under that continuation's own distribution, before temperature, in nats."""


class GenerationEnd(Message):
    reasons: dict[str, str]
    """Per continuation: `length`, `end` (the end token) or `context`."""
    ran: Ran
