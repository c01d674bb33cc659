"""A circuit that somebody chose, held to account at once: what it does by itself and without it.

What does not depend on the choice is kept with the model for the next one (traced pairs, what
stands in for ablated units, the metric of the whole and the empty network), so that each further
answer is one run per batch of pairs, and per number that is asked for.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from analysis.circuits.judging import Judge, judge_of
from analysis.circuits.keeping import Batch, batches, stand_ins
from analysis.circuits.units import Units
from analysis.errors import EditError, TaskError
from analysis.interventions.clean import Kept
from analysis.interventions.surroundings import Surroundings, ran_on
from analysis.live.checking import check_bytes, check_tokens, numbers_of
from analysis.models.tracing import EditableModel
from analysis.protocol.proofs import Estimate
from analysis.tasks.proving import ProveAnswer, ProveRequest
from analysis.tasks.task import pairs_digest

MOST_SIZES: Final = 1000
"""Sizes whose random units are remembered."""


@dataclass(frozen=True, eq=False)
class Bench(Kept):
    """What is kept between two choices of units."""

    judge: Judge
    random: dict[tuple[int, int], Estimate] = field(default_factory=dict)
    """By size and seed: random units do not depend on which were chosen."""

    @property
    def n_bytes(self) -> int:
        return sum(map(_n_bytes, self.judge.batches))


def prove(model: EditableModel, request: ProveRequest, around: Surroundings) -> ProveAnswer:
    """As a search proves its circuit on the same pairs. ModelError, EditError: what does not fit,
    or where ablating everything changes nothing."""
    units = Units(tuple(model.sites))
    numbers = sorted(set(numbers_of(units, request.units)))
    key = (
        "proof", request.ablation, pairs_digest(request.metric, request.pairs),
        pairs_digest(request.metric, request.averaged),
    )  # fmt: skip
    bench, reused = around.traces.once(key, Bench, lambda: _bench(model, request, units, around))
    judge = replace(bench.judge, check=around.check)
    wanted = request.parts
    return ProveAnswer(
        n_units=len(numbers),
        n_prompts=judge.n_pairs,
        whole=judge.mean(judge.whole),
        empty=judge.mean(judge.empty),
        faithfulness=judge.of_kept(numbers) if "faithfulness" in wanted else None,
        completeness=judge.of_rest(numbers) if "completeness" in wanted else None,
        random=_random(bench, judge, len(numbers), request.seed) if "random" in wanted else None,
        ran=ran_on(model, around, clean_reused=reused),
    )


def _random(bench: Bench, judge: Judge, n_units: int, seed: int) -> Estimate:
    key = (n_units, seed)
    if key not in bench.random:
        if len(bench.random) >= MOST_SIZES:
            bench.random.clear()
        bench.random[key] = judge.of_twins(n_units, seed)
    return bench.random[key]


def _bench(
    model: EditableModel, request: ProveRequest, units: Units, around: Surroundings
) -> Bench:
    check_tokens(model, request.metric, (*request.pairs, *request.averaged))
    check_bytes(model, request.pairs, request.averaged if request.ablation == "mean" else ())
    averaged = request.averaged or request.pairs
    others = stand_ins(model, request.metric, averaged, request.ablation, check=around.check)
    batched = batches(model, request.metric, request.pairs, others, check=around.check)
    try:
        return Bench(judge_of(batched, units, check=around.check))
    except TaskError as error:
        raise EditError(
            str(error), hint="Ablate otherwise, or take other prompts or another metric."
        ) from error


def _n_bytes(batch: Batch) -> int:
    sides = batch.sides
    held = (sides.reference, *batch.others.values())
    return sides.clean.n_bytes + sides.counterfactual.n_bytes + sum(one.nbytes for one in held)
