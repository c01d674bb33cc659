"""How much of what a model does a circuit does by itself, and how much is left without it.

Beside the circuit's curve over sizes stand as many random units, those that differ most between the
two prompts, those of the largest activations, and those of two kinds of integrated gradients;
beside the circuit that is drawn, random ones that have as many units of every layer and kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Float64, Int
from numpy import ndarray
from torch import Tensor

from analysis.circuits.curves import course, curve
from analysis.circuits.judging import Judge, is_rounding, matched
from analysis.circuits.keeping import keep_gradient
from analysis.circuits.ratios import numbered, ratio_of_means
from analysis.circuits.saying import Said
from analysis.models.tracing import Check
from analysis.protocol.proofs import (
    MOST_TOLD,
    Ablation,
    Apart,
    Behaviour,
    Curve,
    Drop,
    Estimate,
    Incompleteness,
    Matched,
    Novelty,
    Otherwise,
    Prompts,
    Proof,
    Row,
)
from analysis.solving.competence import wilson
from analysis.tasks.novelty import Known
from analysis.tasks.task import Pair

N_DROPS: Final = 12
"""Units, those that seem needed least, that are left out one by one."""
N_MATCHED: Final = 20
"""Random circuits that are matched by layer and kind."""
N_HALVES: Final = 8
"""Random halves of the circuit that are left out of it, and of the model."""

Rankings = Mapping[Literal["circuit", "active", "loudest", "ig", "ig_kept"], Int[Tensor, " unit"]]
"""Numbers of units, the first kept first."""
Networks = Mapping[Literal["whole", "circuit", "rest", "empty"], Said]


def prove(
    judge: Judge,
    rankings: Rankings,
    kept: Sequence[int],
    ablation: Ablation,
    prompts: Prompts,
    pairs: Sequence[Pair],
    *,
    seed: int,
    decides: bool,
    known: Known | None = None,
) -> Proof:
    """Of the kept units, and of the ranking that they are from at all sizes; with what that is held
    against and what each unit is needed for, if it is the proof that decides. `pairs` are those of
    the judge, in their order; `known` is what those for finding have, if others are proved on."""
    networks = _networks(judge, kept)
    rows = _rows(judge, networks, pairs, known)
    faithfulness = judge.faithfulness(networks["circuit"].metric)
    return Proof(
        ablation=ablation,
        prompts=prompts,
        n_prompts=judge.n_pairs,
        whole=judge.mean(judge.whole),
        empty=judge.mean(judge.empty),
        curves=tuple(_curves(judge, rankings, seed, decides=decides)),
        n_kept=len(kept),
        faithfulness=faithfulness,
        completeness=judge.faithfulness(networks["rest"].metric),
        random=judge.of_twins(len(kept), seed),
        drops=tuple(drops(judge, kept, most=N_DROPS)) if decides else (),
        behaviours=tuple(_behaviour(judge, of, said) for of, said in networks.items()),
        matched=beside_matched(judge, kept, faithfulness.value, seed=seed) if decides else None,
        incompleteness=without_halves(judge, kept, seed=seed) if decides else None,
        apart=tuple(apart_by_novelty(judge, networks["circuit"].metric, [row.new for row in rows])),
        rows=tuple(rows),
    )


def prove_otherwise(
    judge: Judge, kept: Sequence[int], ablation: Ablation, *, seed: int
) -> Otherwise:
    return Otherwise(
        ablation=ablation,
        faithfulness=judge.of_kept(kept),
        completeness=judge.of_rest(kept),
        random=judge.of_twins(len(kept), seed),
    )


def beside_matched(
    judge: Judge, kept: Sequence[int], own: float, *, seed: int, n: int = N_MATCHED
) -> Matched:
    """`own`: the circuit's faithfulness. Near is near to 1, from below or above."""
    values = np.array(
        [judge.of_kept(one).value for one in matched(judge.units, kept, n=n, seed=seed)]
    )
    return Matched(
        n=n,
        n_as_near=int((np.abs(1 - values) <= abs(1 - own)).sum()),
        mean=float(values.mean()),
        lowest=float(values.min()),
        highest=float(values.max()),
    )


def without_halves(judge: Judge, kept: Sequence[int], *, seed: int) -> Incompleteness | None:
    half = len(kept) // 2
    if not half:
        return None
    generator = np.random.default_rng([seed, len(kept), half])
    found = []
    for _ in range(N_HALVES):
        order = [kept[at] for at in generator.permutation(len(kept)).tolist()]
        left, out = order[half:], order[:half]
        found.append((judge.of_kept(left).value, judge.of_rest(out).value))
    return Incompleteness(halves=tuple(found))


def losses(
    judge: Judge, numbers: Sequence[int], *, check: Check | None = None
) -> Mapping[int, float]:
    """Estimated, all at once: by how much faithfulness falls if one unit is left out."""
    keep = judge.units.only(numbers)
    total = torch.zeros(len(judge.units))
    for batch in judge.batches:
        gradient, _ = keep_gradient(
            batch, judge.units, keep, lambda values: values.sum(), check=check
        )
        total += gradient.cpu()
    lost = total / (judge.n_pairs * judge.gap)
    return {number: float(lost[number]) for number in numbers}


def drops(judge: Judge, numbers: Sequence[int], *, most: int) -> list[Drop]:
    """Minimality: of those that seem to matter least, for or against, what leaving each out costs;
    the least first."""
    estimated = losses(judge, numbers, check=judge.check)
    least = sorted(numbers, key=lambda number: abs(estimated[number]))[:most]
    kept = judge.values(judge.units.only(numbers))
    found = []
    for number in least:
        without = judge.values(judge.units.only([each for each in numbers if each != number]))
        found.append(Drop(unit=judge.units.ref(number), lost=judge.share(kept - without)))
    return sorted(found, key=lambda each: abs(each.lost.value))


def _curves(judge: Judge, rankings: Rankings, seed: int, *, decides: bool) -> Iterator[Curve]:
    own = course(judge, "circuit", rankings["circuit"], completeness=True)
    yield curve(judge, own)
    if decides:
        yield curve(judge, course(judge, "random", None, seed=seed), own)
        for of, order in rankings.items():
            if of != "circuit":
                yield curve(judge, course(judge, of, order), own)


def _networks(judge: Judge, kept: Sequence[int]) -> Networks:
    keep = judge.units.only(kept)
    return {
        "whole": judge.says(torch.ones_like(keep)),
        "circuit": judge.says(keep),
        "rest": judge.says(1 - keep),
        "empty": judge.says(torch.zeros_like(keep)),
    }


def _behaviour(
    judge: Judge, of: Literal["whole", "circuit", "rest", "empty"], said: Said
) -> Behaviour:
    named = ~np.isnan(said.right)
    return Behaviour(
        of=of,
        right=_share(said.right[named]) if named.any() else None,
        metric=judge.mean(said.metric),
        spread=float(said.metric.std(ddof=1)) if judge.n_pairs > 1 else None,
        kl=judge.mean(said.kl),
    )


def _share(right: Float64[ndarray, " pair"]) -> Estimate:
    """With Wilson's interval: of all that are right, no resample has one that is not."""
    told = wilson(int(right.sum()), len(right))
    return Estimate(value=told.value, low=told.low, high=told.high)


def _rows(
    judge: Judge, networks: Networks, pairs: Sequence[Pair], known: Known | None
) -> list[Row]:
    """In the order of the judge's values."""
    circuit = networks["circuit"]
    numbers = [number for batch in judge.batches for number in batch.numbers]
    return [
        Row(
            prompt=_cut(pairs[number].clean.text),
            counterfactual=_cut(pairs[number].counterfactual.text),
            whole=judge.whole[at],
            circuit=circuit.metric[at],
            rest=networks["rest"].metric[at],
            empty=judge.empty[at],
            kl=circuit.kl[at],
            right=None if np.isnan(circuit.right[at]) else bool(circuit.right[at]),
            new=() if known is None else known.new_in(pairs[number]),
        )
        for at, number in enumerate(numbers)
    ]


def apart_by_novelty(
    judge: Judge, circuit: Float64[ndarray, " pair"], new: Sequence[Sequence[Novelty]]
) -> Iterator[Apart]:
    """`new` in each pair; `circuit` is the metric of it alone. Not of pairs in which what there is
    between the whole network and the empty one is rounding, or is turned round."""
    kinds: tuple[Novelty, ...] = ("template", "answer", "word")
    for kind in kinds:
        at = np.array([kind in each for each in new], dtype=np.bool_)
        if not at.any():
            continue
        gaps = judge.whole[at] - judge.empty[at]
        gap = float(gaps.mean())
        if is_rounding(gap, judge.whole[at]) or gap * judge.gap < 0:
            continue
        yield Apart(
            new=kind,
            n_prompts=int(at.sum()),
            faithfulness=ratio_of_means(
                circuit[at] - judge.empty[at], gaps, numbered(judge.prompts[at])
            ),
        )


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TOLD else text[: MOST_TOLD - 1] + "…"
