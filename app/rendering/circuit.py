"""A circuit in words: what its nodes are called, what their flags mean, how it was found."""

from collections.abc import Callable, Sequence
from typing import Final

from markupsafe import Markup

from analysis.protocol.circuits import Circuit, Flag, Graph, MetricKind, Node, Ranking, ToldBackup
from analysis.protocol.edits import Positions
from analysis.protocol.proofs import Ablation, CurveOf, Estimate, Feature, Proof
from analysis.protocol.written import Row, line_of, positions_text
from app.rendering.markup import trusted
from app.rendering.numbers import MINUS, UNDEFINED, percent_text, significant
from app.rendering.strip import visible

METHODS: Final[dict[Ranking, str]] = {
    "nested": "learned at all sizes at once (nested)", "ig": "integrated gradients (IG)",
    "both_ends": "gradients at both ends", "relp": "relevance patching (RelP)",
    "atp_star": "attribution patching with dropped layers (AtP*)",
    "atp": "attribution patching (AtP)",
}  # fmt: skip
ABLATIONS: Final[dict[Ablation, str]] = {
    "resample": "resample ablation", "mean": "mean ablation", "zero": "zero ablation",
}  # fmt: skip
INSTEAD: Final[dict[Ablation, str]] = {
    "resample": "its value in the counterfactual prompt",
    "mean": "its mean over the prompts for finding",
    "zero": "0",
}
"""What stands in the place of what is ablated."""
PROMPTS: Final = {"held_out": "held-out prompts", "finding": "the prompts that it was found on"}
CURVES: Final[dict[CurveOf, str]] = {
    "circuit": "its ranking", "ig": "integrated gradients (IG)",
    "ig_kept": "integrated gradients over what is kept",
    "active": "most changed", "loudest": "largest activation", "random": "random units",
}  # fmt: skip
FEATURES: Final[dict[Feature, str]] = {
    "answer": "which answer is right",
    "template": "which sentence it is",
    "first word": "the first of the words that the pair was made of",
    "word 0": "the first of the words that the pair was made of",
    "side": "whether the prompt is clean or counterfactual",
}
METRICS: Final[dict[MetricKind, str]] = {
    "logit_difference": "difference of logits: the right answers’ minus the wrong ones’",
    "log_probability": "log-probability of the right answers, in nats",
    "kl": "KL divergence of the next token from that behind the clean prompt, in nats",
    "own_tokens": "difference of logits of the task’s own tokens",
}
FLAGS: Final[dict[Flag, str]] = {
    "disagrees": "estimate and exact effect differ in sign or size, surely so on the same prompts: "
    "the exact one counts",
    "backup": "with another unit ablated it does more: both together do more than each alone",
    "has a backup": "with it ablated another unit does more: both together do more than each "
    "alone, so that its own effect may say too little",
}


def feature_text(feature: Feature) -> str:
    """Words are counted from 1, as readers count them; tokens from 0, as the graph does."""
    if feature in FEATURES:
        return FEATURES[feature]
    kind, _, number = feature.partition(" ")
    if kind == "word":
        return f"word {int(number) + 1} of those that the pair was made of"
    return f"which token is at {number}"


def node_name(node: Node) -> str:
    """`mlp.3/17`, or what else it is: an embedding, a logit, the rest of a layer, a feature."""
    if node.unit is not None:
        return f"{node.unit.site}/{node.unit.index}"
    if node.kind == "embedding":
        return f"embedding of “{visible(node.label)}”" if _of_token(node) else "embedding"
    if node.kind == "logit" and node.probability is None and node.label:
        return f"output: {node.label}"
    if node.kind == "logit":
        chance = "" if node.probability is None else f", {percent_text(node.probability)}"
        return f"logit of “{visible(node.label or str(node.token))}”{chance}"
    if node.kind == "rest":
        return f"rest of layer {node.layer}"
    return node.label or f"{node.kind} {node.id}"


def _of_token(node: Node) -> bool:
    """Of one, and not of all tokens of the prompt together."""
    return bool(node.label) and node.position is not None


def strength(node: Node) -> float:
    """The effect as far as it is known: exact, else estimated, else what its file says; else what
    it does at its positions, together."""
    known = (node.exact, node.effect, node.influence)
    together = sum(value for _, value in node.places)
    return next((value for value in known if value is not None), together)


def known_as(node: Node) -> str:
    """What `strength` is."""
    if node.exact is not None:
        return "exact"
    return "estimate" if node.effect is not None or node.influence is None else "influence"


def standing(node: Node, n_tokens: int) -> int:
    """The position at which it is drawn: its own, or where it acts most."""
    if node.position is not None:
        return node.position
    inside = [place for place in node.places if place[0] < n_tokens]
    if inside:
        return max(inside, key=lambda place: abs(place[1]))[0]
    return n_tokens - 1


def layer_name(layer: int, graph: Graph) -> str:
    if layer < 0:
        return "embedding"
    return "logits" if layer >= graph.n_layers else str(layer)


def order_of(circuit: Circuit) -> dict[str, int]:
    """By id, in which turn the node is kept, from 0: of neurons and heads as they are ranked, of
    all others that are drawn for what they do by the size of it. Embeddings, logits and what is
    left of layers have no turn: they stay. Nodes of one unit have one turn."""
    ranked = {unit: turn for turn, (unit, _) in enumerate(circuit.ranking)}
    turns: dict[object, int] = {}
    nodes = [node for node in circuit.graph.nodes if takes_turns(node)]
    nodes.sort(
        key=lambda node: (
            ranked.get(node.unit, len(ranked)) if node.unit else len(ranked),
            -abs(strength(node)),
        )
    )
    return {node.id: turns.setdefault(node.unit or node.id, len(turns)) for node in nodes}


def said_label(node: Node) -> str:
    """What somebody has called the unit, and not only its name again."""
    return "" if node.unit is None or node.label == node_name(node) else node.label


def takes_turns(node: Node) -> bool:
    return node.unit is not None or node.kind in ("neuron", "head", "feature", "error")


def edit_line(node: Node, ablation: str | None) -> str | None:
    """Its ablation as the playground takes it; None of what no edit reaches."""
    if node.unit is None:
        return None
    where = "all" if node.position is None else _at(node.position)
    return line_of(Row(f"{node.unit.site}/{node.unit.index}", ablation or "zero", where=where))


def estimate(value: Estimate | None, spread: float | None = None) -> Markup:
    """0.83 [0.78, 0.88], with the spread of what it is a mean of: 0.83 ± 0.20 [0.78, 0.88]; without
    brackets where there were too few prompts for an interval."""
    if value is None:
        return UNDEFINED
    shown = f'<data value="{value.value!r}">{signed_two(value.value)}</data>'
    if spread is not None:
        shown += f' ± <data value="{spread!r}">{signed_two(spread)}</data>'
    return with_interval(shown, value, signed_two)


def with_interval(shown: str, value: Estimate, write: Callable[[float], str]) -> Markup:
    """`shown`: the markup of the number itself."""
    if value.low is None or value.high is None:
        return trusted(f'{shown} <span class="note" title="of too few prompts">no interval</span>')
    interval = f"[{write(value.low)}, {write(value.high)}]"
    return trusted(f'{shown} <span class="note interval">{interval}</span>')


def signed_two(value: float) -> str:
    """Two decimals, and never −0.00."""
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", MINUS)


def plus(value: float | None) -> Markup:
    """With its sign, as effects are told; undefined where there is none."""
    if value is None:
        return UNDEFINED
    sign = "+" if value > 0 else ""
    kind = "is-positive" if value > 0 else "is-negative" if value < 0 else ""
    return trusted(f'<data class="{kind}" value="{value!r}">{sign}{significant(value)}</data>')


def proof_title(proof: Proof) -> str:
    return f"{ABLATIONS[proof.ablation]}, {PROMPTS[proof.prompts]}, n = {proof.n_prompts}"


def shown_proof(proofs: Sequence[Proof], ablation: str | None) -> int:
    """Which one is shown where nobody chose: on held-out prompts, by the circuit's own ablation."""
    return max(
        range(len(proofs)),
        key=lambda at: (
            proofs[at].units is None,
            proofs[at].prompts == "held_out",
            proofs[at].ablation == ablation,
            -at,
        ),
        default=0,
    )


def backup_verdict(told: ToldBackup) -> str:
    """What came of ablating both."""
    if told.confirmed is None:
        return "estimated alone"
    return "confirmed" if told.confirmed else "not confirmed"


def _at(position: int) -> str:
    return positions_text(Positions(kind="chosen", chosen=(position,)))
