"""How well each method finds circuits that are known.

Of models in which circuits were planted: over all neurons and heads, or all edges that the model
could have, the area under the ROC curve of |score| against the truth, with a 95 % interval over
models. Backups that do nothing until the first is ablated are counted with the circuit, and once
more left out, for no method that asks one node at a time can see them. `default` is what a whole
search tells: effects, run or estimated, of backups by how much they rise once others are ablated,
and the links that it draws.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.attribution import METHODS, attribute
from analysis.circuits.auroc import edge_auroc, mean_auroc, node_auroc
from analysis.circuits.edges import EMBEDDING, LOGITS
from analysis.circuits.effects import measure as run_units
from analysis.circuits.finding import Asked, Search
from analysis.circuits.integrating import integrate_keeping
from analysis.circuits.keeping import batches, trace_pairs
from analysis.circuits.nested import rank_nested
from analysis.circuits.planted import truth
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.kinds import KINDS
from analysis.circuits.planted.truth import Edge, Make, Node, Planted
from analysis.circuits.units import Units
from analysis.models import load_plain
from analysis.models.tracing import EditableModel
from analysis.protocol.proofs import Ablation
from analysis.tasks.prompting import Prompted
from app.bench.measurement import Measurement

SEEDS, QUICK_SEEDS = 8, 1
ABLATIONS: Final[tuple[Ablation, ...]] = ("resample", "zero", "mean")


@dataclass
class _Values:
    """By method, one of every model."""

    nodes: dict[str, list[float]] = field(default_factory=dict)
    nodes_without: dict[str, list[float]] = field(default_factory=dict)
    edges: dict[str, list[float]] = field(default_factory=dict)
    edges_without: dict[str, list[float]] = field(default_factory=dict)
    n_backups: int = 0
    n_told: int = 0
    """Of these, that are told as the backup of anything."""
    n_paired: int = 0
    """Of these, that are told as the backup of what they back up."""
    n_pairs: int = 0
    """That are told."""
    n_wrong: int = 0
    """Of these, whose backup none is."""
    n_causal: int = 0
    n_found: int = 0
    """Of these, that a search keeps."""
    n_kept: int = 0
    n_needless: int = 0
    """Of these, that are not planted."""
    n_units: int = 0
    n_run: int = 0
    """Of these, whose effect is run."""


def measure(quick: bool) -> Iterator[Measurement]:
    seeds = QUICK_SEEDS if quick else SEEDS
    found = _Values()
    for make in KINDS.values():
        for seed in range(seeds):
            _score(make, seed, found)
    what = f"{len(KINDS)} kinds of circuit, {seeds} models of each"
    of = "circuits.planted"
    yield from _told(f"{of}.node_auroc", found.nodes.pop("default.resample"), f"default; {what}")
    yield from _told(f"{of}.edge_auroc", found.edges.pop("default.resample"), f"default; {what}")
    for name, values in (
        ("node_auroc", found.nodes),
        ("node_auroc_without_backups", found.nodes_without),
        ("edge_auroc", found.edges),
        ("edge_auroc_without_hidden", found.edges_without),
    ):
        for method, each in values.items():
            yield from _told(f"{of}.{name}.{method}", each, what)
    for name, part, whole in (
        ("found", found.n_found, found.n_causal),
        ("needless", found.n_needless, found.n_kept),
        ("run", found.n_run, found.n_units),
    ):
        yield Measurement(f"{of}.{name}", part / whole, "1", f"of {whole} units; {what}")
    for name, part, whole in (
        ("told", found.n_told, found.n_backups),
        ("paired", found.n_paired, found.n_backups),
        ("wrong", found.n_wrong, max(1, found.n_pairs)),
    ):
        counted = "backups that are told" if name == "wrong" else "planted backups"
        yield Measurement(
            f"{of}.backups_{name}", part / whole, "1", f"of {whole} {counted}; {what}"
        )


def _told(name: str, values: list[float], what: str) -> Iterator[Measurement]:
    found = mean_auroc(values)
    yield Measurement(name, found.value, "1", what)
    for end, value in (("low", found.low), ("high", found.high)):
        if value is not None:
            yield Measurement(f"{name}.{end}", value, "1", f"95 % interval; {what}")


def _score(make: Make, seed: int, found: _Values) -> None:
    with tempfile.TemporaryDirectory() as folder:
        planted = make(Path(folder) / "model", seed)
        model = load_plain(planted.folder, dtype=torch.float32, device=torch.device("cpu"))
    if not isinstance(model, EditableModel):
        raise TypeError("a planted model cannot be edited")
    scored = _Scored(planted, model, Units(planted.sites))
    for method, scores in scored.by_estimates():
        _note(found.nodes, method, node_auroc(planted, scores))
        alone = node_auroc(planted, scores, ignoring=planted.backups)
        _note(found.nodes_without, method, alone)
    for ablation in ABLATIONS:
        told = scored.by_search(ablation)
        name = f"default.{ablation}"
        _note(found.nodes, name, node_auroc(planted, told.nodes))
        _note(found.edges, name, edge_auroc(planted, told.edges))
        alone = edge_auroc(planted, told.edges, ignoring=planted.hidden)
        _note(found.edges_without, name, alone)
        if ablation == "resample":
            found.n_backups += len(planted.backups)
            found.n_told += len(planted.backups.keys() & {backup for backup, _ in told.backups})
            found.n_paired += len(planted.backups.items() & told.backups)
            found.n_pairs += len(told.backups)
            found.n_wrong += sum(each not in planted.backups for each, _ in told.backups)
            found.n_units += len(scored.units)
            found.n_run += told.n_run
            found.n_causal += len(planted.causal)
            found.n_found += len(planted.causal & told.kept)
            found.n_kept += len(told.kept)
            found.n_needless += len(told.kept - set(planted.positions))


def _note(values: dict[str, list[float]], method: str, value: float) -> None:
    values.setdefault(method, []).append(value)


@dataclass(frozen=True)
class _Told:
    nodes: Mapping[Node, float]
    edges: Mapping[Edge, float]
    backups: frozenset[tuple[Node, Node]]
    """With what each backs up."""
    kept: frozenset[Node]
    n_run: int


@dataclass(frozen=True, eq=False)
class _Scored:
    planted: Planted
    model: EditableModel
    units: Units

    def by_estimates(self) -> Iterator[tuple[str, Mapping[Node, float]]]:
        pairs = task_pairs(self.planted)
        (sides,) = trace_pairs(self.model, METRIC, pairs)
        names = [site.name for site in self.planted.sites]
        for method in METHODS:
            scores = attribute(sides, method, names)
            means = {site: each.sum(1).mean(0) for site, each in scores.items()}
            yield method, self._by_node(self.units.in_a_row(means))
        batched = batches(self.model, METRIC, pairs)
        first = integrate_keeping(batched, self.units)
        yield "ig_kept", self._by_node(first)
        order = rank_nested(batched, self.units, first)
        ranks = torch.empty(len(self.units))
        ranks[order] = torch.arange(len(self.units), 0.0, -1)
        yield "nested", self._by_node(ranks)
        exact = run_units([sides], self.units, range(len(self.units)))
        yield "exact", {_node(self.units, number): effect for number, effect in exact.items()}

    def by_search(self, ablation: Ablation) -> _Told:
        """What a whole search says: of a unit its effect, run or estimated, or by how much it rises
        as a backup; of links those that it draws."""
        pairs = task_pairs(self.planted)
        search = Search(self.model, METRIC, Prompted(tuple(pairs), ()), Asked(ablation=ablation))
        found = search.run()
        nodes = dict(enumerate(found.estimates.effect.abs().tolist()))
        nodes |= {number: abs(effect.value) for number, effect in found.exact.items()}
        told = [each for each in found.backups if each.stands]
        for each in told:
            nodes[each.backup] = max(nodes[each.backup], each.rise)
        node = partial(_node, found.units)
        return _Told(
            nodes={node(number): score for number, score in nodes.items()},
            edges={(node(each.source), node(each.target)): each.weight for each in found.edges},
            backups=frozenset((node(each.backup), node(each.ablated)) for each in told),
            kept=frozenset(map(node, found.kept)),
            n_run=len(found.exact),
        )

    def _by_node(self, row: Float[Tensor, " unit"]) -> Mapping[Node, float]:
        return {_node(self.units, number): score for number, score in enumerate(row.tolist())}


def _node(units: Units, number: int) -> Node:
    if number == EMBEDDING:
        return truth.EMBEDDING
    if number == LOGITS:
        return truth.LOGITS
    ref = units.ref(number)
    return Node(ref.site, ref.index)
