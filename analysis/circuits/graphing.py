"""What was found, as the graph that is drawn: nodes over the positions of one prompt, and links."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch

from analysis.circuits.finding import Found
from analysis.circuits.hearing import EMBEDDING, LOGITS
from analysis.circuits.pairs import Sides
from analysis.protocol.circuits import Drawn, Flag, Graph, Link, Node, ToldBackup
from analysis.protocol.proofs import Estimate
from analysis.tasks.task import Metric, Pair

OFF: Final = 0.5
"""Of the exact effect: an estimate that is farther off disagrees, if that is …"""
NOTABLE: Final = 0.02
"""… of the gap, too, and surely so: the interval of the distance, pair by pair, is beside 0."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """`found`, on the pair that is shown."""

    found: Found
    pair: Pair
    metric: Metric
    token_texts: Sequence[str]

    def graph(self) -> Graph:
        """Every unit that is kept, the embedding, the logits, and the rest of every layer."""
        ids = {number: self._id(number) for number in self.found.kept}
        ids |= {EMBEDDING: "embedding", LOGITS: "logits"}
        links = [
            Link(
                source=ids[edge.source],
                target=ids[edge.target],
                weight=edge.weight,
                ways=edge.ways,
                exact=edge.exact,
            )
            for edge in self.found.edges
        ]
        return Graph(
            prompt=self.pair.clean.text,
            tokens=tuple(self.token_texts[token] for token in self.pair.clean.tokens),
            n_layers=max(site.layer for site in self.found.units.sites) + 1,
            nodes=(*self._units(), *self._ends(), *self._rest()),
            links=tuple(links),
        )

    def drawn(self) -> Drawn:
        """What is measured of the pair that is shown."""
        return Drawn(
            counterfactual=self.pair.counterfactual.text,
            metric=self.metric.kind,
            right=self.pair.right,
            wrong=self.pair.wrong,
            raised=self.metric.raised,
            lowered=self.metric.lowered,
        )

    def _units(self) -> Iterator[Node]:
        found, shown = self.found, self.found.shown
        for number in found.kept:
            unit = found.units.ref(number)
            places = found.places[number]
            at = places[0][0] if places else len(self.pair.clean.tokens) - 1
            yield Node(
                id=self._id(number),
                kind="head" if unit.site.startswith("attn.") else "neuron",
                layer=found.units.layer(number),
                unit=unit,
                label=f"{unit.site}/{unit.index}",
                effect=-float(found.estimates.effect[number]),
                exact=-found.exact[number].value,
                exact_interval=_turned(found.exact[number]),
                doubt=float(found.estimates.doubt[number]),
                places=places,
                activation=_activation(shown, unit.site, unit.index, at),
                flags=tuple(self._flags(number)),
            )

    def backups(self) -> tuple[ToldBackup, ...]:
        """In the order in which they were found."""
        ref = self.found.units.ref
        return tuple(
            ToldBackup(
                ablated=ref(each.ablated),
                backup=ref(each.backup),
                estimated=each.rise,
                exact=each.exact,
                confirmed=each.confirmed,
            )
            for each in self.found.backups
        )

    def _flags(self, number: int) -> Iterator[Flag]:
        if _disagrees(self.found.off[number], self.found.exact[number].value, self.found.gap):
            yield "disagrees"
        standing = [each for each in self.found.backups if each.stands]
        if any(each.backup == number for each in standing):
            yield "backup"
        if any(each.ablated == number for each in standing):
            yield "has a backup"

    def _ends(self) -> Iterator[Node]:
        n_layers = max(site.layer for site in self.found.units.sites) + 1
        last = len(self.pair.clean.tokens) - 1
        yield Node(
            id="embedding",
            kind="embedding",
            layer=-1,
            label="embedding",
            places=self.found.places[EMBEDDING],
        )
        yield Node(
            id="logits",
            kind="logit",
            layer=n_layers,
            position=last,
            label=_answer(self.pair, self.metric),
            effect=self.found.gap,
            token=self.pair.right[0].id if self.pair.right else None,
        )

    def _rest(self) -> Iterator[Node]:
        last = len(self.pair.clean.tokens) - 1
        for layer, effect in self.found.rest.items():
            yield Node(
                id=f"rest.{layer}",
                kind="rest",
                layer=layer,
                position=last,
                label=f"everything else in layer {layer}",
                exact=effect,
            )

    def _id(self, number: int) -> str:
        unit = self.found.units.ref(number)
        return f"{unit.site}/{unit.index}"


def _disagrees(off: Estimate, exact: float, gap: float) -> bool:
    if abs(off.value) <= max(OFF * abs(exact), NOTABLE * abs(gap)):
        return False
    return off.low is None or off.high is None or not off.low <= 0 <= off.high


def _turned(exact: Estimate) -> tuple[float, float] | None:
    """By how much the metric falls, of by how much it rises."""
    return None if exact.low is None or exact.high is None else (-exact.high, -exact.low)


def _activation(shown: Sides, site: str, index: int, position: int) -> float:
    values = shown.clean.values[site]
    if site.startswith("mlp."):
        return float(values[0, position, index])
    with torch.no_grad():
        return float(shown.model.head_values(site, values)[0, position, index])


def _answer(pair: Pair, metric: Metric) -> str:
    """What the metric tells apart."""
    raised = metric.raised if metric.kind == "own_tokens" else pair.right
    lowered = metric.lowered if metric.kind == "own_tokens" else pair.wrong
    if metric.kind == "kl" or not raised:
        return "output"
    named = _named([token.text for token in raised])
    if metric.kind == "log_probability" or not lowered:
        return named
    return f"{named}, not {_named([token.text for token in lowered])}"


def _named(texts: Sequence[str]) -> str:
    shown = " / ".join(text.strip() or repr(text) for text in texts[:3])
    return shown if len(texts) <= 3 else f"{shown} / …"
