"""What somebody claims that units of a circuit carry, tested at once by causal scrubbing.

What does not depend on the claim is kept with the model for the next one: the traced pairs, and
what each hypothesis came to, since two claims about the same units share most of what they are held
against.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from analysis.circuits.claiming import Values, hold
from analysis.circuits.ratios import numbered
from analysis.circuits.rooms import Hypothesis, Room, rooms_of
from analysis.circuits.scrubbing import prompts_of, tested, values_of, whole_values
from analysis.circuits.units import Units
from analysis.errors import EditError
from analysis.interventions.clean import Kept
from analysis.interventions.surroundings import Surroundings, ran_on
from analysis.live.checking import check_bytes, check_tokens, numbers_of
from analysis.models.tracing import EditableModel
from analysis.protocol.proofs import Feature
from analysis.tasks.features import Sharing, sharing
from analysis.tasks.scrubbing import ScrubAnswer, ScrubRequest, units_of
from analysis.tasks.task import pairs_digest
from analysis.tasks.verdicts import is_tested, verdict

MOST_RUNS: Final = 100
"""Hypotheses whose outcome is remembered."""

Run = tuple[frozenset[tuple[int, Feature]], frozenset[int], frozenset[int], int]


@dataclass(frozen=True, eq=False)
class Rooms(Kept):
    """What is kept between two claims."""

    rooms: list[Room]
    known: dict[Run, Values] = field(default_factory=dict)
    """By hypothesis and seed."""

    @property
    def n_bytes(self) -> int:
        return sum(room.n_bytes for room in self.rooms)

    def values(self, hypothesis: Hypothesis, seed: int, make: Callable[[], Values]) -> Values:
        carriers = frozenset(hypothesis.carriers.items())
        key = (carriers, hypothesis.own, hypothesis.computed, seed)
        if key not in self.known:
            made = make()
            if len(self.known) >= MOST_RUNS:
                self.known.clear()
            self.known[key] = made
        return self.known[key]


def scrub_claims(model: EditableModel, request: ScrubRequest, around: Surroundings) -> ScrubAnswer:
    """ModelError, EditError: what does not fit, a claim about a unit that is not in the circuit, a
    feature that no prompt has, or where resampling everything changes nothing."""
    units = Units(tuple(model.sites))
    carriers, others = _named(units, request)
    shared = _shared(request, set(carriers.values()))
    key = ("scrub", pairs_digest(request.metric, request.pairs))
    kept, reused = around.traces.once(key, Rooms, lambda: _rooms(model, request, around))

    some = tested(kept.rooms, carriers.values())

    def run(hypothesis: Hypothesis) -> Values:
        def made() -> Values:
            return values_of(kept.rooms, units, hypothesis, seed=request.seed, check=around.check)

        values: Values = kept.values(hypothesis, request.seed, made)[some]
        return values

    whole = whole_values(kept.rooms)[some]
    try:
        found = hold(
            carriers,
            others,
            keeps_others=request.others == "keep",
            seed=request.seed,
            whole=whole,
            prompts=numbered(prompts_of(kept.rooms)[some]),
            run=run,
        )
    except ValueError as error:
        raise EditError(str(error), hint="Take other prompts or another metric.") from error
    said = verdict(len(carriers), shared, found.matter, found.explained)
    return ScrubAnswer(
        recovered=found.recovered,
        everything=found.everything,
        nothing=found.nothing,
        random=found.random,
        matter=found.matter,
        explained=found.explained if is_tested(shared, found.matter) else None,
        verdict=said,
        whole=float(whole.mean()),
        scrubbed=found.scrubbed,
        resampled=found.resampled,
        n_claimed=len(carriers),
        n_kept=len(carriers) + len(others),
        n_prompts=shared.n_prompts,
        n_alone=shared.n_alone,
        ran=ran_on(model, around, clean_reused=reused),
    )


def _named(units: Units, request: ScrubRequest) -> tuple[dict[int, Feature], frozenset[int]]:
    """What is claimed of which units, and the circuit's others."""
    named = units_of(request.claims)
    numbers = numbers_of(units, [unit for unit, _ in named])
    kept = frozenset(numbers_of(units, request.kept))
    for (unit, _), number in zip(named, numbers, strict=True):
        if number not in kept:
            raise EditError(
                f"{unit.site}/{unit.index} is not among the units of the circuit",
                hint="Claim something of a unit that the circuit has, or name it among its units.",
            )
    carriers = {number: feature for number, (_, feature) in zip(numbers, named, strict=True)}
    return carriers, kept.difference(carriers)


def _shared(request: ScrubRequest, features: set[Feature]) -> Sharing:
    for feature in sorted(features):
        each = sharing(request.pairs, feature)
        if each.n_prompts and not each.n_values:
            raise EditError(
                f"no prompt has a {feature}",
                hint="Words and tokens are counted from 0: take one that the prompts have.",
            )
    return sharing(request.pairs, *sorted(features))


def _rooms(model: EditableModel, request: ScrubRequest, around: Surroundings) -> Rooms:
    check_tokens(model, request.metric, request.pairs)
    check_bytes(model, request.pairs, n_sides=2)
    try:
        return Rooms(rooms_of(model, request.metric, request.pairs, check=around.check))
    except ValueError as error:
        raise EditError(
            str(error), hint="Ask on the prompts that the circuit was found on."
        ) from error
