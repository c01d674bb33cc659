"""How much of what a model does a circuit does by itself, and how much is left without it.

Beside the circuit's curve over sizes stand as many random units, those that differ most between the
two prompts, those of the largest activations, and those of integrated gradients over what is kept;
beside the circuit that is drawn, random ones that have as many units of every layer and kind.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import numpy as np
import torch
from jaxtyping import Int, Int64
from numpy import ndarray
from torch import Tensor

from analysis.circuits.curves import course, curve
from analysis.circuits.judging import Judge, matched
from analysis.circuits.keeping import keep_gradient
from analysis.circuits.ratios import mean_of, ratio_of_means
from analysis.circuits.saying import Said
from analysis.models.tracing import Check
from analysis.protocol.circuits import (
    Ablation,
    Apart,
    Behaviour,
    Curve,
    Drop,
    Incompleteness,
    Matched,
    Novelty,
    Otherwise,
    Prompts,
    Proof,
    Row,
)
from analysis.tasks.novelty import Known
from analysis.tasks.task import Pair

N_DROPS: Final = 12
"""Units, those that seem needed least, that are left out one by one."""
N_MATCHED: Final = 20
"""Random circuits that are matched by layer and kind."""
N_HALVES: Final = 8
"""Random halves of the circuit that are left out of it, and of the model."""
CUT: Final = 500
"""Characters of a prompt that a row tells."""

Rankings = Mapping[Literal["circuit", "active", "loudest", "ig"], Int[Tensor, " unit"]]
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
    return Proof(
        ablation=ablation,
        prompts=prompts,
        n_prompts=judge.n_pairs,
        whole=judge.mean(judge.whole),
        empty=judge.mean(judge.empty),
        curves=tuple(_curves(judge, rankings, seed, decides=decides)),
        n_kept=len(kept),
        faithfulness=judge.faithfulness(networks["circuit"].metric),
        completeness=judge.faithfulness(networks["rest"].metric),
        random=judge.of_twins(len(kept), seed),
        drops=tuple(drops(judge, kept, most=N_DROPS)) if decides else (),
        behaviours=tuple(_behaviour(judge, of, said) for of, said in networks.items()),
        matched=beside_matched(judge, kept, seed=seed) if decides else None,
        incompleteness=without_halves(judge, kept, seed=seed) if decides else None,
        apart=tuple(_apart(judge, networks["circuit"], rows)),
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


def beside_matched(judge: Judge, kept: Sequence[int], *, seed: int, n: int = N_MATCHED) -> Matched:
    """Near is near to 1, from below or above."""
    own = judge.of_kept(kept).value
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
    """Minimality: of those that seem needed least, what leaving each out costs; the least first."""
    estimated = losses(judge, numbers, check=judge.check)
    least = sorted(numbers, key=lambda number: estimated[number])[:most]
    kept = judge.values(judge.units.only(numbers))
    found = []
    for number in least:
        without = judge.values(judge.units.only([each for each in numbers if each != number]))
        found.append(Drop(unit=judge.units.ref(number), lost=judge.share(kept - without)))
    return sorted(found, key=lambda each: each.lost.value)


def _curves(judge: Judge, rankings: Rankings, seed: int, *, decides: bool) -> Iterator[Curve]:
    own = course(judge, "circuit", rankings["circuit"], completeness=True)
    yield curve(judge, own)
    if decides:
        yield curve(judge, course(judge, "random", None, seed=seed), own)
        held_against: tuple[Literal["active", "loudest", "ig"], ...] = ("active", "loudest", "ig")
        for of in held_against:
            yield curve(judge, course(judge, of, rankings[of]), own)


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
    of_named = _numbered(judge.prompts[named])
    return Behaviour(
        of=of,
        right=mean_of(said.right[named], of_named) if named.any() else None,
        metric=judge.mean(said.metric),
        spread=float(said.metric.std(ddof=1)) if judge.n_pairs > 1 else 0.0,
        kl=judge.mean(said.kl),
    )


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


def _apart(judge: Judge, circuit: Said, rows: Sequence[Row]) -> Iterator[Apart]:
    """Nothing of those on which there is nothing between the whole network and the empty one."""
    kinds: tuple[Novelty, ...] = ("template", "answer", "word")
    for new in kinds:
        at = np.array([new in row.new for row in rows])
        gaps = judge.whole[at] - judge.empty[at]
        if at.any() and gaps.sum():
            yield Apart(
                new=new,
                n_prompts=int(at.sum()),
                faithfulness=ratio_of_means(
                    circuit.metric[at] - judge.empty[at], gaps, _numbered(judge.prompts[at])
                ),
            )


def _numbered(prompts: Int64[ndarray, " pair"]) -> Int64[ndarray, " pair"]:
    """From 0, without gaps."""
    return np.unique(prompts, return_inverse=True)[1]


def _cut(text: str) -> str:
    return text if len(text) <= CUT else text[:CUT] + "…"
