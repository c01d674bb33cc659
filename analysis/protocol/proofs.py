"""How far a circuit is proved, as plain data: by which ablation, on which prompts, beside what.

Web side and worker speak of proofs in these words.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from analysis.protocol.base import Message
from analysis.protocol.edits import UnitRef

FAITHFUL: Final = 0.8
"""Of what the model does: what does as much is called faithful."""
MOST_UNITS: Final = 20_000
"""That somebody may choose."""
MOST_ROWS = 128
"""Of a proof: more than a search proves on."""
MOST_TOLD = 500
"""Characters of a prompt in a row."""

Ablation = Literal["resample", "mean", "zero"]
"""What stands in the place of what is ablated: its value in the counterfactual prompt, its mean
over the prompts for finding (that of first positions apart), or 0."""

Prompts = Literal["finding", "held_out"]


class Estimate(Message):
    """A number and its 95 % interval, over prompts."""

    value: float
    low: float | None = None
    """None: of too few prompts."""
    high: float | None = None


class Point(Message):
    """One size of one curve: so many neurons and heads are kept, or taken away."""

    n_units: int = Field(ge=0)
    share: float = Field(ge=0, le=1)
    """Of all neurons and heads."""
    faithfulness: Estimate
    """(m(kept) − m(∅)) / (m(M) − m(∅)): all others are ablated."""
    completeness: Estimate | None = None
    """The same of the network without them: low is good."""
    margin: Estimate | None = None
    """Of other curves than the circuit's own: by how much that one is above this one here, on the
    same prompts."""


CurveOf = Literal["circuit", "random", "active", "loudest", "ig", "ig_kept"]
"""The circuit's own ranking; as many units at random; those that differ most between clean and
counterfactual; those of the largest activations on clean prompts; those of integrated gradients
over the prompts' embeddings, and over what is kept."""


class Curve(Message):
    of: CurveOf
    points: tuple[Point, ...]
    cpr: float
    """∫ faithfulness over the share of units: high is good."""
    cmd: float
    """∫ |1 − faithfulness|: low is good."""
    cpr_interval: tuple[float, float] | None = None
    """95 %, over prompts. CMD has none: where a curve is at 1, resamples of it lie on either side,
    each at a distance."""


class Drop(Message):
    """Minimality: what the circuit loses when one of its units is left out."""

    unit: UnitRef
    lost: Estimate
    """Of its faithfulness."""


NamedFeature = Literal["answer", "template", "first word", "side"]
NumberedFeature = Annotated[
    str, Field(pattern=r"^(word|token) (0|[1-9][0-9]{0,3})$", examples=["word 1", "token 5"])
]
Feature = NamedFeature | NumberedFeature
"""What two prompts have in common: the right answers, the sentence, one of the words that were put
in, one token by its position, or whether they are clean or counterfactual. Words and tokens count
from 0; the first word is word 0."""


class Scrub(Message):
    """Causal scrubbing: units get their values from other prompts that share the feature, all
    others from any prompt."""

    feature: Feature
    recovered: Estimate
    """1 − (L_scrubbed − L) / (L_random − L), over prompts that share the feature."""
    everything: Estimate | None = None
    """The same with the units' own values. As much recovered: the feature is all that counts of
    what they carry. None: of a proof from before it was asked."""
    n_prompts: int
    n_alone: int
    """Of these, that share the feature with no other: they are not counted."""


class Behaviour(Message):
    """What one network says on the prompts of a proof, apart from the ratio of means that
    faithfulness is."""

    of: Literal["whole", "circuit", "rest", "empty"]
    """The untouched model, the circuit alone, the model without it, everything ablated."""
    right: Estimate | None = None
    """Share of prompts on which a right answer stands above all wrong ones. None: none is named."""
    metric: Estimate
    spread: float | None = None
    """Standard deviation of the metric over prompts; None of one."""
    kl: Estimate
    """KL(p_model ‖ p) behind the prompt, in nats."""


class Matched(Message):
    """Random circuits that have as many neurons and heads of each layer as the circuit has."""

    n: int = Field(ge=1)
    n_as_near: int = Field(ge=0)
    """Of these, whose faithfulness is as near to 1 as the circuit's, or nearer."""
    mean: float
    lowest: float
    highest: float


class Incompleteness(Message):
    """Random halves K of the circuit, left out of it and out of the whole model (Wang et al. 2023):
    a circuit that has all there is does without K what the model does without K."""

    halves: tuple[tuple[float, float], ...] = Field(min_length=1)
    """Faithfulness of the circuit without K, and of the model without K."""

    @property
    def mean(self) -> float:
        """Of the distances between the two."""
        return sum(abs(one - other) for one, other in self.halves) / len(self.halves)


class Otherwise(Message):
    """The same circuit by another ablation than the one that it was found by."""

    ablation: Ablation
    faithfulness: Estimate
    completeness: Estimate
    random: Estimate
    """Faithfulness of as many random units."""


Novelty = Literal["template", "answer", "word"]
"""What no prompt for finding has: the sentence; any of the right answers, as an answer of either
kind or a word; a word that was put in."""


class Apart(Message):
    """Faithfulness over those of the held-out prompts that have something new."""

    new: Novelty
    n_prompts: int = Field(ge=1)
    faithfulness: Estimate


class Row(Message):
    """One pair of a proof: the metric of each network."""

    prompt: str = Field(max_length=MOST_TOLD)
    """The clean one; long ones are cut."""
    counterfactual: str = Field(max_length=MOST_TOLD)
    whole: float
    circuit: float
    rest: float
    empty: float
    kl: float
    """Of the circuit, from the untouched model, in nats."""
    right: bool | None = None
    """Of the circuit."""
    new: tuple[Novelty, ...] = ()


class Proof(Message):
    """A circuit's ranking of units held to account on prompts of one kind by one ablation."""

    ablation: Ablation
    prompts: Prompts
    n_prompts: int = Field(ge=1)
    whole: Estimate
    """m(M): the metric of the untouched model."""
    empty: Estimate
    """m(∅): with every neuron and head ablated."""
    curves: tuple[Curve, ...]
    n_kept: int
    """Units of the circuit as drawn; the next three are of it."""
    units: tuple[UnitRef, ...] | None = Field(default=None, max_length=MOST_UNITS)
    """Which were kept, where somebody chose them; None: those of the circuit."""
    faithfulness: Estimate
    completeness: Estimate
    random: Estimate
    """Faithfulness of as many random units."""
    drops: tuple[Drop, ...] = ()
    """Of its units, the least needed first."""
    scrubs: tuple[Scrub, ...] = ()
    """Of the hypotheses that its units together carry a feature."""
    behaviours: tuple[Behaviour, ...] = ()
    matched: Matched | None = None
    incompleteness: Incompleteness | None = None
    """None: of one unit there are no halves."""
    otherwise: tuple[Otherwise, ...] = ()
    apart: tuple[Apart, ...] = ()
    """Of held-out prompts."""
    rows: tuple[Row, ...] = Field(default=(), max_length=MOST_ROWS)
    """In no particular order."""
    remarks: tuple[str, ...] = ()
    """What did not come out as one would wish, in words."""
