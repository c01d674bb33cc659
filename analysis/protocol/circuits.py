"""A circuit as plain data: its graph, what was found on which task, and how far it is proved.

Web side, worker and files all speak of circuits in these words. A graph may also have been made
elsewhere (features of transcoders, their errors): then it has no task, and no proof.

Signs: an effect is by how much the metric *falls* if the node is ablated, so that what helps is
above 0. A link's weight is the part of its target's effect that comes directly from its source.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from analysis.protocol.base import Message
from analysis.protocol.edits import UnitRef
from analysis.protocol.prompts import TokenId

MOST_NODES = 20_000
MOST_LINKS = 200_000
MOST_ROWS = 128
"""Of a proof: more than a search proves on."""
MOST_TOLD = 500
"""Characters of a prompt in a row."""

NodeKind = Literal["neuron", "head", "rest", "embedding", "logit", "feature", "error"]
"""rest: all of a layer's neurons and heads that are not in the graph, together; feature and error:
of a transcoder, in graphs made elsewhere."""

Flag = Literal["disagrees", "backup", "has a backup"]
"""disagrees: estimate and exact effect are surely of different sign or size; backup: does more once
another node is ablated; has a backup: with this one ablated another does more, so that its own
effect may say too little."""

Ablation = Literal["resample", "mean", "zero"]
"""What stands in the place of what is ablated: its value in the counterfactual prompt, its mean
over the prompts for finding (that of first positions apart), or 0."""

Prompts = Literal["finding", "held_out"]

Ranking = Literal["nested", "ig", "both_ends", "relp", "atp_star", "atp"]
"""How a search ranks units: learned at all sizes at once, or by what they are estimated to do."""

NodeId = Annotated[str, Field(min_length=1, max_length=300)]
Label = Annotated[str, Field(max_length=2000)]


class Estimate(Message):
    """A number and its 95 % interval, over prompts."""

    value: float
    low: float | None = None
    """None: of too few prompts."""
    high: float | None = None


class Node(Message):
    id: NodeId
    kind: NodeKind
    layer: int = Field(ge=-1, le=10_000)
    """-1: the embedding; one more than the last layer: the logits."""
    position: int | None = Field(default=None, ge=0)
    """None: summed over positions; it is drawn where `places` has most."""
    unit: UnitRef | None = None
    label: Label = ""
    effect: float | None = None
    """Estimated, mean over the circuit's `n_effects` pairs."""
    exact: float | None = None
    """The same, measured by running it."""
    exact_interval: tuple[float, float] | None = None
    """95 %, over the prompts of these pairs; None of too few."""
    doubt: float | None = Field(default=None, ge=0)
    """How far off the estimate may be, by how large a step the ablation is."""
    places: tuple[tuple[int, float], ...] = ()
    """Of the shown prompt: positions and the estimated effect there, where it is not next to 0."""
    activation: float | None = None
    """On the shown prompt; of imported nodes as their file says."""
    influence: float | None = None
    """Of imported nodes: as their file says."""
    token: TokenId | None = None
    """Of an embedding or logit node."""
    probability: float | None = None
    """Of a logit node's token."""
    flags: tuple[Flag, ...] = ()
    extra: dict[str, Any] = Field(default_factory=dict)
    """Of imported nodes: entries of their file that have no place above."""


class Link(Message):
    source: NodeId
    target: NodeId
    weight: float
    ways: tuple[tuple[int, int, float], ...] = ()
    """Of the shown prompt: from one position of the source, to one of the target, and the weight
    of that; the strongest first."""
    exact: float | None = None
    """The same as the weight, by path patching; None: it was not run."""


class Graph(Message):
    """What is drawn: nodes over the positions of one prompt."""

    prompt: str = Field(max_length=1_000_000)
    tokens: tuple[str, ...] = Field(min_length=1, max_length=100_000)
    """Texts of the prompt's tokens, which are the positions."""
    n_layers: int = Field(ge=1, le=10_000)
    nodes: tuple[Node, ...] = Field(min_length=1, max_length=MOST_NODES)
    links: tuple[Link, ...] = Field(default=(), max_length=MOST_LINKS)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        ids = {node.id for node in self.nodes}
        if len(ids) < len(self.nodes):
            raise ValueError("two nodes have the same id")
        for node in self.nodes:
            if node.position is not None and node.position >= len(self.tokens):
                raise ValueError(f"node {node.id} stands behind the prompt's last token")
        for link in self.links:
            if link.source not in ids or link.target not in ids:
                missing = link.source if link.source not in ids else link.target
                raise ValueError(f"a link names the node {missing}, which the graph does not have")
            if any(not 0 <= at < len(self.tokens) for way in link.ways for at in way[:2]):
                raise ValueError(f"a link of {link.source} goes behind the prompt's last token")
        return self


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
    units: tuple[UnitRef, ...] | None = Field(default=None, max_length=MOST_NODES)
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


class Agreement(Message):
    """Estimated against exact effects of neurons, a seeded sample: the largest estimates, and as
    many at random; of those whose estimate is told, which the most doubtful ones' is not."""

    r: float | None
    """Pearson; None where one of the two does not vary."""
    r_top: float | None
    r_random: float | None
    n_top: int
    n_random: int
    seed: int
    r_all: float | None = None
    """With the doubtful ones, whose effect is run and told instead."""
    n_doubtful: int = 0


class LinkAgreement(Message):
    """Weights of links against exact path patching, a seeded sample: the heaviest, and as many at
    random of all that were asked for, drawn or not. Of links into neurons and heads: to the logits
    nothing is estimated."""

    r: float | None
    """Pearson; None where one of the two does not vary."""
    r_top: float | None
    r_random: float | None
    n_top: int
    n_random: int
    seed: int
    off: float | None = None
    """Root of the mean square of what they differ by, over that of the exact ones: r does not see
    that all are twice too large."""
    n_asked: int = 0
    """Links that the sample is of."""
    accounted: float | None = None
    """Of a unit, the sum of its links that are drawn, those to the logits with them, over what
    ablating it does, run on the same pairs and ends: the median over units that do enough."""
    n_accounted: int = 0
    """Units that it is the median of."""


class ToldBackup(Message):
    """One unit that acts, or acts more, while another is ablated."""

    ablated: UnitRef
    backup: UnitRef
    estimated: float
    """By how much more the metric falls by ablating the backup, if the other is ablated already;
    of a metric that the network lowers, by how much more it rises."""
    exact: float | None = None
    """The same by ablating both, and each alone: what both lose, less what each loses by itself.
    None: it was not run."""
    confirmed: bool | None = None
    """Whether the exact one is large enough; None: it was not run."""


class Group(Message):
    """Nodes that somebody put together under a name."""

    label: Label
    nodes: tuple[NodeId, ...] = Field(min_length=1, max_length=MOST_NODES)


class Circuit(Message):
    """What a run has found, and what a stored circuit holds."""

    graph: Graph
    method: Ranking | None = None
    """None: made elsewhere."""
    ablation: Ablation | None = None
    n_pairs: int | None = None
    """For finding."""
    n_effects: int | None = None
    """Of these, the first ones, which effects are means over."""
    n_edges: int | None = None
    """And links."""
    n_units: int | None = None
    """Neurons and heads that the model has."""
    ranking: tuple[tuple[UnitRef, float], ...] = Field(default=(), max_length=MOST_NODES)
    """Units in the order in which they are kept, with scores; those far behind are left out."""
    agreement: Agreement | None = None
    link_agreement: LinkAgreement | None = None
    backups: tuple[ToldBackup, ...] = Field(default=(), max_length=MOST_LINKS)
    """The largest estimated rises first, those that running them did not confirm among them."""
    warnings: tuple[str, ...] = ()
    """Of backups, of a task that the model cannot do, of too few prompts."""
    pinned: tuple[NodeId, ...] = Field(default=(), max_length=MOST_NODES)
    """As whoever made the file left it, of imported circuits; so are the groups."""
    groups: tuple[Group, ...] = Field(default=(), max_length=MOST_NODES)
    extra: dict[str, Any] = Field(default_factory=dict)
    """Of imported circuits: entries of their file that have no place above, nested as there."""
