"""Every causal architecture: a whole search runs to its end, and says what plain hooks say."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from analysis.circuits.edges import EMBEDDING, Edge
from analysis.circuits.finding import N_EDGES, Asked, Found, Search
from analysis.circuits.graphing import Drawing
from analysis.circuits.judging import judge_of
from analysis.circuits.keeping import batches
from analysis.circuits.units import Units
from analysis.errors import TaskError
from analysis.models import load_model
from analysis.models.tracing import EditableModel
from analysis.protocol.circuits import Graph
from analysis.protocol.experiments import TokenText
from analysis.solving.measuring import last_logits, measure
from analysis.solving.one_prompt import task_of_prompt
from analysis.tasks.prompting import Prompted, prompted
from analysis.tasks.task import Imported, Metric, Pair, Side, Task
from tests.analysis.models.plain_hooks import edited_logits
from tests.analysis.models.tiny import CONFIGS, ENCODERS, make_tiny, make_tiny_plain

PLAIN: dict[str, dict[str, Any]] = {
    "plain": {},
    "plain with layer norm": {"norm": "layer", "act": "gelu"},
    "plain, gated and rotary": {
        "norm": "rms", "act": "silu", "gated": True, "positions": "rotary", "rotary_base": 100.0,
    },
    "plain without MLPs": {"d_mlp": 0, "attn_scale": 1.5, "norm": "layer"},
}  # fmt: skip
CAUSAL = [*(name for name in CONFIGS if name not in ENCODERS), *PLAIN]
NO_ANSWERS: dict[str, dict[str, Any]] = {
    "plain encoder": {"causal": False, "positions": "none"},
    "plain with outputs of its own": {"vocab_out": ["yes", "no"]},
}
METRIC = Metric(kind="logit_difference")
FEW = 3


@dataclass(frozen=True)
class Searched:
    architecture: str
    folder: Path
    model: EditableModel
    pairs: Prompted
    found: Found
    graph: Graph


def make(architecture: str, folder: Path) -> Path:
    changes = {**PLAIN, **NO_ANSWERS}.get(architecture)
    if changes is None:
        return make_tiny(architecture, folder)
    return make_tiny_plain(folder, **changes)


def load(folder: Path) -> EditableModel:
    device, cache = torch.device("cpu"), folder.parent / "cache"
    model = load_model(str(folder), dtype=torch.float32, device=device, cache=cache)
    assert isinstance(model, EditableModel)
    return model


def made_task(model: EditableModel) -> Task:
    """Which word stood behind the first token, in prompts of two lengths; told by what that changes
    most in what this model says, since random weights know no other answer."""
    pairs = []
    for number in range(12):
        word, other = number // 3 + 1, (number // 3 + 1) % 4 + 1
        rest = ((6, 9), (7, 9), (5, 5, 9))[number % 3]
        sides = [Side(text=f"{first}", tokens=(0, first, *rest, 8)) for first in (word, other)]
        logits = last_logits(model, [side.tokens for side in sides])
        rises = (logits[0] - logits[1]).argsort().tolist()
        pairs.append(
            Pair(
                clean=sides[0],
                counterfactual=sides[1],
                right=(TokenText(id=rises[-1], text="right"),),
                wrong=(TokenText(id=rises[0], text="wrong"),),
                template=f"{number % 3}",
                words=(f"{word}",),
            )
        )
    source = Imported(file="made.jsonl", sha256="0" * 64)
    return Task(name="made", source=source, metric=METRIC, pairs=tuple(pairs))


@pytest.fixture(scope="module", params=CAUSAL)
def searched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Searched:
    """As the job searches: the task measured and divided, all stages, the graph drawn."""
    folder = make(request.param, tmp_path_factory.mktemp("circuits") / "model")
    model = load(folder)
    task = made_task(model)
    measure(model, task)
    pairs = prompted(task, seed=0)
    found = Search(model, METRIC, pairs, Asked(most_units=8, steps=6)).run()
    graph = Drawing(found, pairs.finding[0], METRIC, model.token_texts()).graph()
    return Searched(request.param, folder, model, pairs, found, graph)


def metric_with(searched: Searched, taken: Mapping[str, list[int]]) -> float:
    """By hooks of torch alone: the mean over pairs with these units as on the counterfactual."""
    by_length = defaultdict(list)
    for pair in searched.pairs.finding:
        by_length[len(pair.clean.tokens)].append(pair)
    values: list[float] = []
    for pairs in by_length.values():
        other = searched.model.trace(torch.tensor([pair.counterfactual.tokens for pair in pairs]))
        logits = edited_logits(
            "plain" if searched.architecture in PLAIN else searched.architecture,
            searched.folder,
            torch.tensor([pair.clean.tokens for pair in pairs]),
            {
                site: putting(searched, site, units, other.values[site])
                for site, units in taken.items()
            },
        )[:, -1]
        for pair, row in zip(pairs, logits, strict=True):
            values.append(float(row[pair.right[0].id] - row[pair.wrong[0].id]))
    return sum(values) / len(values)


def putting(searched: Searched, site: str, units: list[int], other: Tensor) -> Any:
    width = 1 if site.startswith("mlp.") else searched.model.facts.d_head

    def put(values: Tensor) -> Tensor:
        given, rows = other.unflatten(-1, (-1, width)), values.unflatten(-1, (-1, width))
        rows[:, :, units] = given[:, :, units]
        return rows.flatten(-2)

    return put


def test_exact_effects_are_those_of_plain_hooks(searched: Searched) -> None:
    found = searched.found
    strongest = sorted(found.exact, key=lambda number: -abs(found.exact[number].value))[:FEW]
    whole = metric_with(searched, {})
    for number in {*strongest, *found.kept[:FEW]}:
        unit = found.units.ref(number)
        effect = metric_with(searched, {unit.site: [unit.index]}) - whole
        assert found.exact[number].value == pytest.approx(effect, rel=1e-3, abs=1e-5)


def test_the_gap_is_what_ablating_everything_takes_away(searched: Searched) -> None:
    sites = searched.model.sites
    empty = metric_with(searched, {site.name: list(range(site.n_units)) for site in sites})
    gap = metric_with(searched, {}) - empty
    assert searched.found.gap == pytest.approx(gap, rel=1e-3, abs=1e-5)


def test_each_layer_has_one_node_of_all_that_is_not_kept(searched: Searched) -> None:
    rest = {node.layer: node for node in searched.graph.nodes if node.kind == "rest"}
    assert [node.kind for node in searched.graph.nodes].count("rest") == len(rest)
    assert sorted(rest) == list(range(searched.model.facts.n_layers))
    kept = {searched.found.units.ref(number) for number in searched.found.kept}
    whole = metric_with(searched, {})
    for layer, node in rest.items():
        taken = {
            site.name: [
                index
                for index in range(site.n_units)
                if not any((unit.site, unit.index) == (site.name, index) for unit in kept)
            ]
            for site in searched.model.sites
            if site.layer == layer
        }
        fall = whole - metric_with(searched, taken)
        assert node.exact == pytest.approx(fall, rel=1e-3, abs=1e-5)


def test_the_graph_has_both_ends_and_every_unit_that_is_kept(searched: Searched) -> None:
    found, graph = searched.found, searched.graph
    kinds = [node.kind for node in graph.nodes]
    assert kinds.count("embedding") == kinds.count("logit") == 1
    units = {node.unit: node for node in graph.nodes if node.unit is not None}
    assert set(units) == {found.units.ref(number) for number in found.kept}
    for number in found.kept:
        node = units[found.units.ref(number)]
        assert node.exact == pytest.approx(-found.exact[number].value)
        assert node.layer == found.units.layer(number)
        assert all(math.isfinite(value or 0.0) for value in (node.effect, node.doubt))
        assert node.activation is not None
        assert math.isfinite(node.activation)
    assert len(graph.tokens) == len(searched.pairs.finding[0].clean.tokens)
    assert graph.n_layers == searched.model.facts.n_layers


def test_links_lead_onwards_from_the_embedding_to_the_logits(searched: Searched) -> None:
    nodes = {node.id: node for node in searched.graph.nodes}
    ways = [(nodes[link.source], nodes[link.target]) for link in searched.graph.links]
    assert all(math.isfinite(link.weight) for link in searched.graph.links)
    assert len({(source.id, target.id) for source, target in ways}) == len(ways)
    for source, target in ways:
        within = source.kind == "head" and target.kind == "neuron"
        assert source.layer < target.layer or (within and source.layer == target.layer)
        assert not (within and source.layer == target.layer and parallel(searched))
    assert any(source.kind == "embedding" for source, _ in ways)
    assert any(target.kind == "logit" for _, target in ways)


def test_exact_links_are_those_of_plain_hooks(searched: Searched) -> None:
    """What the target makes of the source, all others held; then the target alone set to that."""
    pairs = searched.pairs.finding[:N_EDGES]
    edges = [edge for edge in searched.found.edges if edge.exact is not None]
    assert edges
    for edge in sorted(edges, key=lambda edge: -abs(edge.weight))[:FEW]:
        falls = []
        for pair in pairs:
            ends = (pair.clean.tokens, pair.counterfactual.tokens)
            falls.append(fall_along(searched, pair, *ends, edge))
            falls.append(-fall_along(searched, pair, *reversed(ends), edge))
        assert edge.exact == pytest.approx(sum(falls) / len(falls), rel=1e-3, abs=1e-5)


def fall_along(
    searched: Searched, pair: Pair, here: Sequence[int], there: Sequence[int], edge: Edge
) -> float:
    """Of the metric on `here`, by the direct way alone."""
    units, model = searched.found.units, searched.model
    run, other = (model.trace(torch.tensor([tokens])) for tokens in (here, there))
    read: dict[str, Tensor] = {}
    target = units.ref(edge.target)

    def held(site: str) -> Any:
        def put(values: Tensor) -> Tensor:
            if site == target.site:
                read[site] = values.clone()
            if edge.source != EMBEDDING and units.ref(edge.source).site == site:
                lend = putting(searched, site, [units.ref(edge.source).index], other.values[site])
                return lend(run.values[site].clone())
            return run.values[site].clone()

        return put

    puts = {site.name: held(site.name) for site in units.sites}
    metric_of(searched, pair, there if edge.source == EMBEDDING else here, puts)
    moved = putting(searched, target.site, [target.index], read[target.site])
    return metric_of(searched, pair, here, {}) - metric_of(
        searched, pair, here, {target.site: moved}
    )


def metric_of(
    searched: Searched, pair: Pair, tokens: Sequence[int], puts: Mapping[str, Any]
) -> float:
    logits = edited_logits(
        "plain" if searched.architecture in PLAIN else searched.architecture,
        searched.folder,
        torch.tensor([tokens]),
        puts,
    )[0, -1]
    return float(logits[pair.right[0].id] - logits[pair.wrong[0].id])


def parallel(searched: Searched) -> bool:
    """Neurons do not see the heads of their own layer."""
    return searched.architecture == "gpt_neox"


def test_curves_end_at_the_untouched_model(searched: Searched) -> None:
    n_units = len(searched.found.units)
    assert {proof.prompts for proof in searched.found.proofs} == {"finding", "held_out"}
    for proof in searched.found.proofs:
        assert proof.n_kept == len(searched.found.kept)
        assert math.isfinite(proof.faithfulness.value)
        for curve in proof.curves:
            assert (curve.points[-1].n_units, curve.points[-1].faithfulness.value) == (n_units, 1.0)
            assert all(math.isfinite(point.faithfulness.value) for point in curve.points)


def test_a_network_that_is_run_with_all_units_kept_is_the_untouched_one(searched: Searched) -> None:
    units = Units(tuple(searched.model.sites))
    judge = judge_of(batches(searched.model, METRIC, searched.pairs.held_out), units)
    everything = range(len(units))
    assert judge.of_kept(everything).value == pytest.approx(1, abs=1e-3)
    assert judge.of_rest(everything).value == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("architecture", [*ENCODERS, *NO_ANSWERS])
def test_what_predicts_no_next_token_is_refused_before_it_is_searched(
    architecture: str, tmp_path: Path
) -> None:
    model = load(make(architecture, tmp_path / "model"))
    for ask in (lambda: measure(model, made_task(model)), lambda: task_of_prompt(model, "a b c")):
        with pytest.raises(TaskError, match="does not predict the next token") as refused:
            ask()
        assert "Llama" in (refused.value.hint or "")
