"""`patchclamp bench circuits`: how well each method finds circuits that are known.

Of models in which circuits were planted: over all neurons and heads, the area under the ROC curve
of |score| against the truth, with a 95 % interval over models. Backups that do nothing until the
first is ablated are counted with the circuit, and once more left out, for no method that asks one
node at a time can see them. Exact patching of every node stands beside: what scores stand in for.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.circuits.attribution import METHODS, attribute
from analysis.circuits.auroc import mean_auroc, node_auroc
from analysis.circuits.pairs import run_sides
from analysis.circuits.patching import patch
from analysis.circuits.planted.asking import METRIC, task_pairs
from analysis.circuits.planted.kinds import KINDS
from analysis.circuits.planted.truth import Make, Node, Planted
from analysis.models import load_plain
from analysis.models.tracing import EditableModel
from app.bench.measurement import Measurement

SEEDS, QUICK_SEEDS = 8, 1

Scored = Mapping[Node, float]


def measure(quick: bool) -> Iterator[Measurement]:
    seeds = QUICK_SEEDS if quick else SEEDS
    counted: dict[str, list[float]] = {}
    seen: dict[str, list[float]] = {}
    for make in KINDS.values():
        for seed in range(seeds):
            planted, scores = _score(make, seed)
            for method, found in scores.items():
                counted.setdefault(method, []).append(node_auroc(planted, found))
                alone = node_auroc(planted, found, ignoring=planted.backups)
                seen.setdefault(method, []).append(alone)
    what = f"{len(KINDS)} kinds of circuit, {seeds} models of each"
    for method in counted:
        yield from _told(f"circuits.planted.node_auroc.{method}", counted[method], what)
        yield from _told(
            f"circuits.planted.node_auroc_without_backups.{method}", seen[method], what
        )


def _told(name: str, values: list[float], what: str) -> Iterator[Measurement]:
    found = mean_auroc(values)
    yield Measurement(name, found.value, "1", what)
    for end, value in (("low", found.low), ("high", found.high)):
        if value is not None:
            yield Measurement(f"{name}.{end}", value, "1", f"95 % interval; {what}")


def _score(make: Make, seed: int) -> tuple[Planted, dict[str, Scored]]:
    with tempfile.TemporaryDirectory() as folder:
        planted = make(Path(folder) / "model", seed)
        model = load_plain(planted.folder, dtype=torch.float32, device=torch.device("cpu"))
    if not isinstance(model, EditableModel):
        raise TypeError("a planted model cannot be edited")
    sides = run_sides(model, METRIC, task_pairs(planted))
    sites = [site.name for site in planted.sites]
    found: dict[str, Scored] = {}
    for method in METHODS:
        scores = attribute(sides, method, sites)
        found[method] = _by_node(
            planted, {site: each.sum(1).mean(0) for site, each in scores.items()}
        )
    units = {site.name: range(site.n_units) for site in planted.sites}
    patched = {site: patch(sides, site, named).mean(1) for site, named in units.items()}
    found["exact"] = _by_node(planted, patched)
    return planted, found


def _by_node(planted: Planted, found: Mapping[str, Float[Tensor, " unit"]]) -> Scored:
    """Means over pairs of each site, positions summed."""
    return {node: float(found[node.site][node.index]) for node in planted.nodes()}
