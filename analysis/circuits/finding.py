"""A task's circuit, from the ranking of all units to the proof on prompts that were held out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import torch
from jaxtyping import Int
from torch import Tensor

from analysis.circuits.agreeing import agreement, sample
from analysis.circuits.attribution import Method as Scoring
from analysis.circuits.backups import Backup, confirm, find_backups
from analysis.circuits.edges import Edge, find_edges, find_ways
from analysis.circuits.effects import Estimates, estimate, measure_each
from analysis.circuits.integrating import integrate_keeping
from analysis.circuits.judging import Judge, judge_of, prompt_numbers
from analysis.circuits.keeping import (
    Batch,
    StandIns,
    all_values,
    batches,
    each_traced,
    stand_ins,
    trace_pairs,
)
from analysis.circuits.nested import STEPS, rank_nested
from analysis.circuits.pairs import Sides
from analysis.circuits.path_patching import hold_links, with_accounted
from analysis.circuits.places import Places, find_places
from analysis.circuits.proofs import Proving
from analysis.circuits.proving import Rankings
from analysis.circuits.pruning import prune, smallest
from analysis.circuits.ranking import ranked, require_gradient, scores_of
from analysis.circuits.ratios import mean_of
from analysis.circuits.units import Units
from analysis.models.tracing import Check, EditableModel
from analysis.protocol.circuits import Agreement, LinkAgreement, Ranking
from analysis.protocol.proofs import Ablation, Estimate, Proof
from analysis.tasks.prompting import Prompted, proved_on
from analysis.tasks.task import Metric, Pair

N_EFFECTS: Final = 16
"""Pairs that effects are estimated, and run, on; and backups, and what is left of each layer."""
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
    exact: dict[int, Estimate]
    """Mean over the same pairs."""
    off: dict[int, Estimate]
    """Of units that are kept: the estimate minus the exact effect, on the same pairs."""
    agreement: Agreement
    link_agreement: LinkAgreement
    backups: tuple[Backup, ...]
    edges: tuple[Edge, ...]
    rest: dict[int, float]
    """By layer: of all its units that are not kept, together."""
    gap: float
    """m(M) − m(∅), mean over the pairs of effects."""
    shown: Sides
    """The pair that is drawn."""
    places: Mapping[int, Places]
    """Of it, of units that are kept and of the embedding."""
    proofs: tuple[Proof, ...]
    n_finding: int
    n_effects: int
    """Of these, that effects are means over; links over the next."""
    n_edges: int


@dataclass(eq=False)
class Search:
    """One search, stage by stage."""

    model: EditableModel
    metric: Metric
    prompted: Prompted
    asked: Asked
    check: Check | None = None
    tell: Tell = field(default=lambda _stage, _share: None)

    @cached_property
    def others(self) -> StandIns | None:
        finding, ablation = self.prompted.finding, self.asked.ablation
        return stand_ins(self.model, self.metric, finding, ablation, check=self.check)

    def run(self) -> Found:
        """Raises TaskError where ablating everything leaves the metric as it is, or where a metric
        has no gradient to rank by."""
        require_gradient(self.metric, self.asked.method)
        finding = self.prompted.finding
        units = Units(tuple(self.model.sites))
        rankings = self._rankings(units, self._batches(finding))
        order = rankings["circuit"]
        self.tell("size", 0.0)
        few = judge_of(self._batches(proved_on(finding)), units, check=self.check)
        kept = prune(few, smallest(few, order, min(self.asked.most_units, len(units))))
        estimates, exact, off, agreed = self._effects(units, kept)
        effects = {number: each.value for number, each in exact.items()}
        some = judge_of(self._batches(finding[:N_EFFECTS]), units, check=self.check)
        backups = self._backups(some, kept, effects)
        shown = self._traced(finding[:1])[0]
        places = find_places(shown, units, kept)
        edges, links_agreed = self._edges(units, kept, some.gap, shown, places)
        return Found(
            units=units,
            order=order,
            kept=tuple(kept),
            estimates=estimates,
            exact=exact,
            off=off,
            agreement=agreed,
            link_agreement=links_agreed,
            backups=tuple(backups),
            edges=tuple(edges),
            rest=self._rest(some, kept),
            gap=some.gap,
            shown=shown,
            places=places,
            proofs=tuple(self._proofs(rankings, kept, few)),
            n_finding=len(finding),
            n_effects=some.n_pairs,
            n_edges=min(N_EDGES, len(finding)),
        )

    def _batches(self, pairs: Sequence[Pair]) -> list[Batch]:
        return batches(self.model, self.metric, pairs, self.others, check=self.check)

    def _traced(self, pairs: Sequence[Pair]) -> list[Sides]:
        return trace_pairs(self.model, self.metric, pairs, self.others, check=self.check)

    def _rankings(self, units: Units, batched: Sequence[Batch]) -> Rankings:
        """The circuit's own, and those that it is held against, all of the same pairs."""
        method = self.asked.method
        self.tell("scores", 0.0)
        integrated = integrate_keeping(batched, units, check=self.check)
        self.tell("scores", 0.5)
        methods: list[Scoring] = ["difference", "activation", "ig"]
        if method != "nested" and method != "ig":  # apart, for the type of what is left
            methods.append(method)
        finding = self.prompted.finding
        traced = each_traced(self.model, self.metric, finding, self.others, check=self.check)
        scores = scores_of(traced, units, methods, self.check)
        self.tell("ranking", 0.0)
        if method == "nested":
            order = rank_nested(
                batched,
                units,
                integrated,
                steps=self.asked.steps,
                seed=self.asked.seed,
                check=self.check,
                tell=lambda done, total: self.tell("ranking", done / total),
            )
        else:
            order = ranked(scores[method])
        return {
            "circuit": order,
            "active": ranked(scores["difference"]),
            "loudest": ranked(scores["activation"]),
            "ig": ranked(scores["ig"]),
            "ig_kept": ranked(integrated),
        }

    def _effects(
        self, units: Units, kept: Sequence[int]
    ) -> tuple[Estimates, dict[int, Estimate], dict[int, Estimate], Agreement]:
        self.tell("effects", 0.0)
        pairs = self.prompted.finding[:N_EFFECTS]
        estimates, sides = estimate(
            self.model, self.metric, pairs, units, self.others, check=self.check
        )
        drawn = sample(estimates.effect, units, seed=self.asked.seed)
        doubtful = ranked(estimates.doubt)[:N_DOUBTFUL].tolist()
        each = measure_each(
            sides,
            units,
            {*kept, *doubtful, *drawn.top, *drawn.random},
            check=self.check,
            tell=lambda done, total: self.tell("effects", done / total),
        )
        prompts = prompt_numbers(sides)
        exact = {number: mean_of(values, prompts) for number, values in each.items()}
        means = {number: mean.value for number, mean in exact.items()}
        agreed = agreement(estimates.effect, means, drawn, doubtful)
        off = {
            number: mean_of(estimates.each[:, number].double().numpy() - each[number], prompts)
            for number in kept
        }
        return estimates, exact, off, agreed

    def _backups(
        self, judge: Judge, kept: Sequence[int], exact: Mapping[int, float]
    ) -> list[Backup]:
        """None of KL, which falls by nothing: that two units do more together than each alone is
        then true of any two that write alike."""
        if self.metric.is_least_on_clean:
            return []
        strongest = sorted(kept, key=lambda number: -abs(exact[number]))[:N_ABLATED]
        found = find_backups(
            judge.batches,
            judge.units,
            strongest,  # also of those that do nothing alone: each may be the other's backup
            judge.gap,
            check=self.check,
            tell=lambda done, total: self.tell("backups", done / total),
        )
        return confirm(judge.batches, judge.units, found, judge.gap, exact, check=self.check)

    def _edges(
        self,
        units: Units,
        kept: Sequence[int],
        gap: float,
        shown: Sides,
        places: Mapping[int, Places],
    ) -> tuple[list[Edge], LinkAgreement]:
        both = self.others is None
        sides = self._traced(self.prompted.finding[:N_EDGES])
        asked, effects = find_edges(
            sides,
            units,
            kept,
            both=both,
            check=self.check,
            tell=lambda done, total: self.tell("links", done / total),
        )
        edges, agreed = hold_links(
            sides, units, asked, seed=self.asked.seed, both=both, check=self.check
        )
        strong = [edge for edge in edges if abs(edge.weight) >= LINK * abs(gap)]
        heaviest = sorted(strong, key=lambda edge: -abs(edge.weight))[:MOST_LINKS]
        drawn = find_ways(shown, units, heaviest, places, both=both, check=self.check)
        return drawn, with_accounted(agreed, drawn, effects, gap)

    def _proofs(self, rankings: Rankings, kept: Sequence[int], few: Judge) -> Iterator[Proof]:
        proving = Proving(
            model=self.model,
            metric=self.metric,
            prompted=self.prompted,
            ablation=self.asked.ablation,
            others=self.others,
            seed=self.asked.seed,
            check=self.check,
            tell=lambda share: self.tell("proof", share),
        )
        return proving.proofs(rankings, kept, few)

    def _rest(self, judge: Judge, kept: Sequence[int]) -> dict[int, float]:
        """By how much the metric falls if all others of a layer are ablated."""
        units = judge.units
        layers = sorted({site.layer for site in units.sites})
        found = {}
        for done, layer in enumerate(layers):
            self.tell("rest", done / len(layers))
            keep = torch.ones(len(units))
            for site, start in zip(units.sites, units.starts, strict=False):
                if site.layer == layer:
                    keep[start : start + site.n_units] = 0.0
            keep[list(kept)] = 1.0
            left = all_values(judge.batches, units, keep, self.check)
            found[layer] = float((judge.whole - left).mean())
        return found
