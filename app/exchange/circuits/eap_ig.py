"""A circuit as EAP-IG and MIB keep theirs: heads and whole MLP layers, in one JSON object.

    {"cfg": {"n_layers", "n_heads", "d_model", "parallel_attn_mlp"},
     "nodes": {"a0.h1": {"in_graph": true, "score": 0.5}, "m3": …, "input": …, "logits": …},
     "edges": {"a0.h1->m3": {"score": 0.25, "in_graph": true}, "a0.h1->a2.h0<q>": …}}

They know no neurons: those of a layer are added up into its `m3`, embeddings into `input`, logits
into `logits`, and all positions of a head into one. An edge into a head is three there, by query,
key and value; ours are not told apart, so that each gets a third. What stands for the rest of a
layer, and links from a layer's MLP to itself, have no place there. Their loader takes edges that
are not named for absent ones.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from analysis.protocol.circuits import Circuit, Node
from app.errors import ConflictError
from app.exchange.jsonl import dumped
from app.store.views.model import ModelView

PARALLEL: Final = ("gpt_neox",)
"""Architectures whose MLPs do not see the heads of their own layer."""
INPUTS: Final = ("q", "k", "v")


def write_eap_ig(circuit: Circuit, model: ModelView) -> bytes:
    """The file. ConflictError: the circuit has neither neurons nor heads."""
    names = {node.id: name for node in circuit.graph.nodes if (name := _name(node)) is not None}
    if not any(name[0] in "am" for name in names.values()):
        raise ConflictError(
            "The circuit has neither neurons nor heads, and EAP-IG knows nothing else.",
            hint="Export it as attribution-graph.",
        )
    n_heads = int(model.facts["n_heads"])
    edges = _edges(circuit, names)
    within = any(_is_within(*pair) for pair in edges)
    cfg = {
        "n_layers": model.n_layers,
        "n_heads": n_heads,
        "d_model": int(model.facts["d_model"]),
        "parallel_attn_mlp": model.architecture in PARALLEL and not within,
    }
    whole = {"cfg": cfg, "nodes": _nodes(circuit, names, cfg), "edges": _named(edges)}
    return dumped(whole) + b"\n"


def _name(node: Node) -> str | None:
    if node.kind == "embedding":
        return "input"
    if node.kind == "logit":
        return "logits"
    if node.unit is None:
        return None
    kind, _, layer = node.unit.site.partition(".")
    return f"m{layer}" if kind == "mlp" else f"a{layer}.h{node.unit.index}"


def _nodes(circuit: Circuit, names: dict[str, str], cfg: dict[str, int]) -> dict[str, Any]:
    """All that the model has; a score where its nodes have an effect, measured or else
    estimated."""
    scores: dict[str, float] = defaultdict(float)
    for node in circuit.graph.nodes:
        effect = node.effect if node.exact is None else node.exact
        if node.id in names and effect is not None:
            scores[names[node.id]] += effect
    kept = set(names.values())
    found: dict[str, Any] = {}
    for name in _all(cfg):
        found[name] = {"in_graph": name in kept or name in ("input", "logits")}
        if name in scores and name != "logits":
            found[name]["score"] = scores[name]
    return found


def _all(cfg: dict[str, int]) -> Iterator[str]:
    yield "input"
    for layer in range(cfg["n_layers"]):
        yield from (f"a{layer}.h{head}" for head in range(cfg["n_heads"]))
        yield f"m{layer}"
    yield "logits"


def _edges(circuit: Circuit, names: dict[str, str]) -> dict[tuple[str, str], float]:
    """Sums of weights by names; what leads into its own node there, or back, is left out."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for link in circuit.graph.links:
        source, target = names.get(link.source), names.get(link.target)
        if source is not None and target is not None and _rank(source) < _rank(target):
            found[source, target] += link.weight
    return found


def _rank(name: str) -> float:
    """When it acts: heads of a layer before its MLP."""
    if name == "input":
        return -1
    if name == "logits":
        return float("inf")
    layer = int(name[1:].partition(".")[0])
    return layer + (0.5 if name.startswith("m") else 0)


def _is_within(source: str, target: str) -> bool:
    """From a head to the MLP of its own layer."""
    return source.startswith(f"a{target[1:]}.") if target.startswith("m") else False


def _named(edges: dict[tuple[str, str], float]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for (source, target), weight in edges.items():
        name = f"{source}->{target}"
        if target.startswith("a"):
            third = {"score": weight / len(INPUTS), "in_graph": True}
            found |= {f"{name}<{way}>": third for way in INPUTS}
        else:
            found[name] = {"score": weight, "in_graph": True}
    return found
