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
from analysis.protocol.experiments import TokenText
from analysis.protocol.prompts import TokenId
from analysis.protocol.proofs import Ablation

MOST_NODES = 20_000
MOST_LINKS = 200_000

NodeKind = Literal["neuron", "head", "rest", "embedding", "logit", "feature", "error"]
"""rest: all of a layer's neurons and heads that are not in the graph, together; feature and error:
of a transcoder, in graphs made elsewhere."""

Flag = Literal["disagrees", "backup", "has a backup"]
"""disagrees: estimate and exact effect are surely of different sign or size; backup: does more once
another node is ablated; has a backup: with this one ablated another does more, so that its own
effect may say too little."""

Ranking = Literal["nested", "ig", "both_ends", "relp", "atp_star", "atp"]
"""How a search ranks units: learned at all sizes at once, or by what they are estimated to do."""

MetricKind = Literal["logit_difference", "log_probability", "kl", "own_tokens"]
"""What is measured of a prompt; `analysis.tasks.task.Metric` says each."""

NodeId = Annotated[str, Field(min_length=1, max_length=300)]
Label = Annotated[str, Field(max_length=2000)]


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


class Drawn(Message):
    """What is measured of the pair that a graph is drawn over; the graph has its clean prompt."""

    counterfactual: str = Field(max_length=1_000_000)
    metric: MetricKind
    right: tuple[TokenText, ...] = ()
    wrong: tuple[TokenText, ...] = ()
    raised: tuple[TokenText, ...] = ()
    """Of the task's own tokens, those that the metric goes up with."""
    lowered: tuple[TokenText, ...] = ()


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


class Sampled(Message):
    """Estimates against exact values, a seeded sample: the largest, and as many at random."""

    r: float | None
    """Pearson; None where one of the two does not vary."""
    r_top: float | None
    r_random: float | None
    n_top: int
    n_random: int
    seed: int


class Agreement(Sampled):
    """Estimated against exact effects of neurons; of those whose estimate is told, which the most
    doubtful ones' is not."""

    r_all: float | None = None
    """With the doubtful ones, whose effect is run and told instead."""
    n_doubtful: int = 0


class LinkAgreement(Sampled):
    """Weights of links against exact path patching, of all that were asked for, drawn or not. Of
    links into neurons and heads: to the logits nothing is estimated."""

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
    drawn: Drawn | None = None
    """None: made elsewhere, or found before it was kept."""
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
