"""A task's circuit, from the ranking of all units to the proof on prompts that were held out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.circuits.agreeing import agreement, sample
from analysis.circuits.attribution import Method as Scoring
from analysis.circuits.attribution import attribute
from analysis.circuits.backups import SHARE, Backup, find_backups
from analysis.circuits.edges import Edge, find_edges, find_ways
from analysis.circuits.effects import Estimates, estimate, measure
from analysis.circuits.integrating import integrate_keeping
from analysis.circuits.keeping import Batch, StandIns, batches, stand_ins, trace_pairs
from analysis.circuits.nested import STEPS, rank_nested
from analysis.circuits.pairs import Sides
from analysis.circuits.places import Places, find_places
from analysis.circuits.proving import Judge, Rankings, judge_of, prove
from analysis.circuits.pruning import prune, smallest
from analysis.circuits.scrubbing import scrub_features
from analysis.circuits.units import Units
from analysis.models.tracing import Check, EditableModel
from analysis.protocol.circuits import Ablation, Agreement, Prompts, Proof, Ranking
from analysis.tasks.prompting import N_SCORED, Prompted, alike_in_length, every_so_many
from analysis.tasks.task import Metric, Pair

N_EFFECTS: Final = 16
"""Pairs that effects are estimated, and run, on."""
N_EDGES: Final = 4
"""Pairs that links are asked for on."""
N_DOUBTFUL: Final = 64
"""Units with the largest doubt, which are run."""
N_ABLATED: Final = 24
"""Units that are ablated to see who takes over."""
LINK: Final = 0.002
"""Of the gap: weaker links are left out."""
MOST_LINKS: Final = 4000

Stage = Literal["scores", "ranking", "size", "effects", "backups", "links", "rest", "proof"]
Tell = Callable[[Stage, float], None]
"""Told which share of a stage is done."""


@dataclass(frozen=True)
class Asked:
    """How a circuit is to be found."""

    method: Ranking = "nested"
    ablation: Ablation = "resample"
    most_units: int = 256
    """That are drawn."""
    steps: int = STEPS
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Found:
    """Numbers are those of `units`. Signs of estimates and exact effects: by how much the metric
    rises if the unit is ablated; of all else, by how much it falls."""

    units: Units
    order: Int[Tensor, " unit"]
    kept: tuple[int, ...]
    estimates: Estimates
    exact: dict[int, float]
    agreement: Agreement
    backups: tuple[Backup, ...]
    edges: tuple[Edge, ...]
    rest: dict[int, float]
    """By layer: of all its units that are not kept, together."""
    gap: float
    """m(M) − m(∅), mean over the prompts for finding."""
    shown: Sides
    """The pair that is drawn."""
    places: Mapping[int, Places]
    """Of it, of units that are kept and of the embedding."""
    proofs: tuple[Proof, ...]
    n_finding: int


@dataclass(eq=False)
class Search:
    """One search, stage by stage."""

    model: EditableModel
    metric: Metric
    prompted: Prompted
    asked: Asked
    check: Check | None = None
    tell: Tell = field(default=lambda _stage, _share: None)
    others: StandIns | None = field(init=False, default=None)

    def run(self) -> Found:
        """Raises TaskError where ablating everything leaves the metric as it is."""
        finding = self.prompted.finding
        units = Units(tuple(self.model.sites))
        self.others = stand_ins(
            self.model, self.metric, finding, self.asked.ablation, check=self.check
        )
        batched = self._batches(finding)
        judge = judge_of(batched, units, check=self.check)
        rankings = self._rankings(units, batched)
        order = rankings["circuit"]
        self.tell("size", 0.0)
        few = judge_of(some_of(batched, N_SCORED), units, check=self.check)
        kept = prune(few, smallest(few, order, min(self.asked.most_units, len(units))))
        estimates, exact, agreed = self._effects(units, kept)
        backups = self._backups(batched, units, kept, exact, judge.gap)
        shown = self._traced(finding[:1])[0]
        places = find_places(shown, units, kept)
        return Found(
            units=units,
            order=order,
            kept=tuple(kept),
            estimates=estimates,
            exact=exact,
            agreement=agreed,
            backups=tuple(backups),
            edges=tuple(self._edges(units, kept, judge.gap, shown, places)),
            rest=self._rest(batched, units, kept),
            gap=judge.gap,
            shown=shown,
            places=places,
            proofs=tuple(self._proofs(units, rankings, kept, judge)),
            n_finding=len(finding),
        )

    def _batches(self, pairs: Sequence[Pair]) -> list[Batch]:
        return batches(self.model, self.metric, pairs, self.others, check=self.check)

    def _traced(self, pairs: Sequence[Pair]) -> list[Sides]:
        return trace_pairs(self.model, self.metric, pairs, self.others, check=self.check)

    def _rankings(self, units: Units, batched: Sequence[Batch]) -> Rankings:
        """The circuit's own, and those that it is held against."""
        method = self.asked.method
        self.tell("scores", 0.0)
        integrated = integrate_keeping(some_of(batched, N_SCORED), units, check=self.check)
        self.tell("scores", 0.5)
        sides = self._traced(self.prompted.finding[:N_SCORED])
        moved = scores_of(sides, units, "difference", self.check)
        own = integrated if method == "nested" else scores_of(sides, units, method, self.check)
        del sides  # the largest of what is held in memory
        self.tell("ranking", 0.0)
        order = ranked(own)
        if method == "nested":
            order = rank_nested(
                batched,
                units,
                own,
                steps=self.asked.steps,
                seed=self.asked.seed,
                check=self.check,
                tell=lambda done, total: self.tell("ranking", done / total),
            )
        return {"circuit": order, "active": ranked(moved), "ig": ranked(integrated)}

    def _effects(
        self, units: Units, kept: Sequence[int]
    ) -> tuple[Estimates, dict[int, float], Agreement]:
        self.tell("effects", 0.0)
        pairs = self.prompted.finding[:N_EFFECTS]
        estimates, sides = estimate(
            self.model, self.metric, pairs, units, self.others, check=self.check
        )
        drawn = sample(estimates.effect, units, seed=self.asked.seed)
        doubtful = ranked(estimates.doubt)[:N_DOUBTFUL].tolist()
        exact = measure(
            sides,
            units,
            {*kept, *doubtful, *drawn.top, *drawn.random},
            check=self.check,
            tell=lambda done, total: self.tell("effects", done / total),
        )
        return estimates, exact, agreement(estimates.effect, exact, drawn, doubtful)

    def _backups(
        self,
        batched: Sequence[Batch],
        units: Units,
        kept: Sequence[int],
        exact: Mapping[int, float],
        gap: float,
    ) -> list[Backup]:
        strongest = sorted(kept, key=lambda number: -abs(exact[number]))[:N_ABLATED]
        matter = [number for number in strongest if abs(exact[number]) >= SHARE * abs(gap)]
        few = some_of(batched, N_EFFECTS)
        found: list[Backup] = []
        for done, number in enumerate(matter):
            self.tell("backups", done / len(matter))
            found += find_backups(few, units, [number], gap, check=self.check)
        return sorted(found, key=lambda each: -each.rise)

    def _edges(
        self,
        units: Units,
        kept: Sequence[int],
        gap: float,
        shown: Sides,
        places: Mapping[int, Places],
    ) -> list[Edge]:
        both = self.others is None
        edges = find_edges(
            self._traced(self.prompted.finding[:N_EDGES]),
            units,
            kept,
            both=both,
            check=self.check,
            tell=lambda done, total: self.tell("links", done / total),
        )
        strong = [edge for edge in edges if abs(edge.weight) >= LINK * abs(gap)]
        heaviest = sorted(strong, key=lambda edge: -abs(edge.weight))[:MOST_LINKS]
        return find_ways(shown, units, heaviest, places, both=both, check=self.check)

    def _rest(
        self, batched: Sequence[Batch], units: Units, kept: Sequence[int]
    ) -> dict[int, float]:
        """By how much the metric falls if all others of a layer are ablated."""
        few = judge_of(some_of(batched, N_EFFECTS), units, check=self.check)
        layers = sorted({site.layer for site in units.sites})
        found = {}
        for done, layer in enumerate(layers):
            self.tell("rest", done / len(layers))
            keep = torch.ones(len(units))
            for site, start in zip(units.sites, units.starts, strict=False):
                if site.layer == layer:
                    keep[start : start + site.n_units] = 0.0
            keep[list(kept)] = 1.0
            found[layer] = float((few.whole - few.values(keep)).mean())
        return found

    def _proofs(
        self, units: Units, rankings: Rankings, kept: Sequence[int], finding: Judge
    ) -> Iterator[Proof]:
        """On held-out prompts, if there are any, and on those for finding."""
        if self.prompted.held_out:
            self.tell("proof", 0.0)
            judge = judge_of(self._batches(self.prompted.held_out), units, check=self.check)
            proof = self._proof(judge, rankings, kept, "held_out", decides=True)
            self.tell("proof", 0.6)
            scrubs, remarks = scrub_features(
                self._traced_pairs(self.prompted.held_out),
                units,
                kept,
                seed=self.asked.seed,
                check=self.check,
            )
            yield proof.model_copy(update={"scrubs": scrubs, "remarks": remarks})
        self.tell("proof", 0.7)
        few = judge_of(some_of(finding.batches, N_SCORED), units, check=self.check)
        yield self._proof(few, rankings, kept, "finding", decides=not self.prompted.held_out)

    def _proof(
        self,
        judge: Judge,
        rankings: Rankings,
        kept: Sequence[int],
        prompts: Prompts,
        *,
        decides: bool,
    ) -> Proof:
        asked = self.asked
        return prove(
            judge, rankings, kept, asked.ablation, prompts, seed=asked.seed, decides=decides
        )

    def _traced_pairs(self, pairs: Sequence[Pair]) -> list[tuple[Sides, list[Pair]]]:
        """As they were run, whatever ablation was asked for."""
        sides = trace_pairs(self.model, self.metric, pairs, check=self.check)
        alike = [[pairs[number] for number in numbers] for numbers in alike_in_length(pairs)]
        return list(zip(sides, alike, strict=True))


def scores_of(
    sides: Sequence[Sides], units: Units, scoring: Scoring, check: Check | None
) -> Float[Tensor, " unit"]:
    """Sums over pairs and positions."""
    names = [site.name for site in units.sites]
    total = torch.zeros(len(units))
    for one in sides:
        found = attribute(one, scoring, names, check=check)
        total += units.in_a_row({site: each.sum((0, 1)) for site, each in found.items()}).cpu()
    return total


def ranked(scores: Float[Tensor, " unit"]) -> Int[Tensor, " unit"]:
    """Numbers of units, the largest score first, whatever its sign."""
    return scores.abs().argsort(descending=True, stable=True)


def some_of(batched: Sequence[Batch], most: int) -> list[Batch]:
    """So many pairs or a few more, of all lengths: every so-manieth batch."""
    n = sum(batch.n_pairs for batch in batched)
    return list(batched[:: every_so_many(n, most)])
