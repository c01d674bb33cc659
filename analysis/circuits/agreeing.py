"""How far estimated effects agree with exact ones: on the neurons of the largest estimates, and on
as many at random."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.circuits.units import Units
from analysis.protocol.circuits import Agreement
from analysis.score.correlation import pearson

N_EACH = 48


@dataclass(frozen=True)
class Sample:
    """Numbers of neurons; one that is drawn may be among the top."""

    top: tuple[int, ...]
    random: tuple[int, ...]
    seed: int


def sample(effect: Float[Tensor, " unit"], units: Units, *, n: int = N_EACH, seed: int) -> Sample:
    """Of neurons: heads are few, and are more than one number. Without MLPs, of heads."""
    of_neurons = torch.cat(
        [torch.full((site.n_units,), site.kind == "mlp") for site in units.sites]
    )
    candidates = (
        of_neurons.nonzero().flatten() if bool(of_neurons.any()) else torch.arange(len(units))
    )
    return sample_of(effect, candidates, n=n, seed=seed)


def sample_of(
    told: Float[Tensor, " number"], candidates: Int[Tensor, " candidate"], *, n: int, seed: int
) -> Sample:
    """Of these numbers: those of the largest |told|, and as many at random."""
    n = min(n, len(candidates))
    largest = told[candidates].abs().argsort(descending=True, stable=True)[:n]
    drawn = np.random.default_rng(seed).choice(len(candidates), n, replace=False)
    return Sample(
        top=tuple(candidates[largest].tolist()),
        random=tuple(candidates[torch.from_numpy(drawn)].tolist()),
        seed=seed,
    )


def agreement(
    effect: Float[Tensor, " unit"],
    exact: Mapping[int, float],
    drawn: Sample,
    doubtful: Collection[int],
) -> Agreement:
    """`doubtful` are run whatever was drawn, so that their estimate is not told."""
    top = [number for number in drawn.top if number not in doubtful]
    random = [number for number in drawn.random if number not in doubtful]
    return Agreement(
        r=correlation(effect, exact, sorted({*top, *random})),
        r_top=correlation(effect, exact, top),
        r_random=correlation(effect, exact, random),
        n_top=len(top),
        n_random=len(random),
        seed=drawn.seed,
        r_all=correlation(effect, exact, sorted({*drawn.top, *drawn.random})),
        n_doubtful=len(doubtful),
    )


def correlation(
    told: Float[Tensor, " number"], exact: Mapping[int, float], numbers: Sequence[int]
) -> float | None:
    """Pearson's r; None of less than three, or where one of the two does not vary."""
    if len(numbers) < 3:
        return None
    found = pearson(
        np.array([exact[number] for number in numbers]),
        np.array([float(told[number]) for number in numbers]),
    )
    return None if np.isnan(found) else found
