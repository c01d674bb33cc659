"""Causal scrubbing: does it follow from a hypothesis about units what the model will do?

The hypothesis: *these units carry this feature of the prompt*, and nothing else of it; all others
carry nothing. If that is so, each of them may have its value on any other prompt with the same
feature, and every other unit its value on any prompt at all, and the model does no worse:

    recovered = 1 − (L_scrubbed − L) / (L_random − L)

where L is the metric with its sign turned, and L_random that of a model whose every unit is
resampled from any prompt (Chan et al. 2022, with one level: values are of whole runs). Prompts are
both sides of all pairs; a donor has the same length, and is drawn anew for every unit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float64
from numpy import ndarray
from torch import Tensor

from analysis.circuits.pairs import Sides
from analysis.circuits.ratios import ratio_of_means
from analysis.circuits.units import Units
from analysis.models.changes import Blend
from analysis.models.site_hooks import Values
from analysis.models.tracing import Check
from analysis.protocol.circuits import Estimate, Feature, Scrub
from analysis.tasks.task import Pair, Side

FEATURES: Final[tuple[Feature, ...]] = ("answer", "template", "first word", "side")

DRAWS: Final = 4
"""Times that donors are drawn anew."""


@dataclass(frozen=True)
class Hypothesis:
    """Each named unit carries its feature, the others nothing."""

    carriers: Mapping[int, Feature]


@dataclass(frozen=True)
class Scrubbed:
    recovered: Estimate
    whole: float
    """The metric of the untouched model, mean over clean prompts; the next two likewise."""
    scrubbed: float
    random: float
    n_prompts: int
    n_alone: int
    """Prompts that share a feature with no other: there its carriers keep their own value."""


def scrub(
    sides: Sequence[Sides],
    pairs: Sequence[Sequence[Pair]],
    units: Units,
    hypotheses: Sequence[Hypothesis],
    *,
    seed: int = 0,
    check: Check | None = None,
) -> list[Scrubbed]:
    """Each hypothesis by itself; `pairs` are those of each of `sides`. ValueError: no length has
    two pairs, so that nothing could be resampled."""
    usable = [
        _Donors(one, named, np.random.default_rng([seed, one.n_pos]))
        for one, named in zip(sides, pairs, strict=True)
        if one.n_pairs > 1
    ]
    if not usable:
        raise ValueError("scrubbing takes values from other prompts of the same length: add pairs")

    def told(hypothesis: Hypothesis) -> Float64[ndarray, " prompt"]:
        return _told([_mean(room, units, hypothesis, check) for room in usable])

    whole = _told([room.sides.values(room.sides.clean.last).detach() for room in usable])
    random = told(Hypothesis({}))
    found = []
    for hypothesis in hypotheses:
        scrubbed = told(hypothesis)
        features = set(hypothesis.carriers.values())
        found.append(
            Scrubbed(
                recovered=ratio_of_means(scrubbed - random, whole - random),
                whole=float(whole.mean()),
                scrubbed=float(scrubbed.mean()),
                random=float(random.mean()),
                n_prompts=len(whole),
                n_alone=sum(room.n_alone(features) for room in usable),
            )
        )
    return found


def scrub_features(
    traced: Sequence[tuple[Sides, Sequence[Pair]]],
    units: Units,
    kept: Sequence[int],
    *,
    seed: int,
    check: Check | None = None,
) -> tuple[tuple[Scrub, ...], tuple[str, ...]]:
    """Whether the kept units together carry each feature, and of which that cannot be tested."""
    hypotheses = [Hypothesis(dict.fromkeys(kept, feature)) for feature in FEATURES]
    sides, pairs = [one for one, _ in traced], [some for _, some in traced]
    try:
        found = scrub(sides, pairs, units, hypotheses, seed=seed, check=check)
    except ValueError as error:
        return (), (f"Nothing was scrubbed: {error}.",)
    scrubs, remarks = [], []
    for feature, each in zip(FEATURES, found, strict=True):
        if 2 * each.n_alone > each.n_prompts:
            remarks.append(
                f"Whether the circuit carries the {feature} cannot be tested: {each.n_alone} of "
                f"{each.n_prompts} prompts share it with no other."
            )
            continue
        scrubs.append(
            Scrub(
                feature=feature,
                recovered=each.recovered,
                n_prompts=each.n_prompts,
                n_alone=each.n_alone,
            )
        )
    return tuple(scrubs), tuple(remarks)


def feature_of(pair: Pair, side: Side, feature: Feature) -> tuple[object, ...]:
    is_clean = side is pair.clean
    if feature == "answer":
        return tuple(token.id for token in (pair.right if is_clean else pair.wrong))
    if feature == "template":
        return (pair.template,)
    if feature == "first word":
        return pair.words[:1]
    return (is_clean,)


class _Donors:
    """Both sides of some pairs of one length: clean ones first, and what they have in common."""

    def __init__(self, sides: Sides, pairs: Sequence[Pair], generator: np.random.Generator) -> None:
        self.sides = sides
        self.generator = generator
        self.n = sides.n_pairs
        named = [(pair, pair.clean) for pair in pairs]
        named += [(pair, pair.counterfactual) for pair in pairs]
        self.alike: dict[Feature, list[list[int]]] = {}
        for feature in FEATURES:
            groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
            for number, (pair, side) in enumerate(named):
                groups[feature_of(pair, side, feature)].append(number)
            self.alike[feature] = [
                [each for each in groups[feature_of(pair, side, feature)] if each != number]
                for number, (pair, side) in enumerate(named[: self.n])
            ]

    def n_alone(self, features: set[Feature]) -> int:
        return sum(
            any(not self.alike[feature][number] for feature in features) for number in range(self.n)
        )

    def values(self, units: Units, hypothesis: Hypothesis) -> Values:
        """What every unit has, on the clean prompts."""
        found = {}
        rows = torch.arange(self.n)[:, None]
        for site, start in zip(units.sites, units.starts, strict=False):
            both = torch.cat(
                [
                    self.sides.units(self.sides.clean, site.name),
                    self.sides.units(self.sides.counterfactual, site.name),
                ]
            )
            donors = torch.from_numpy(
                self.generator.integers(0, 2 * self.n - 1, (self.n, site.n_units))
            )
            donors += donors >= rows  # any prompt but the own one
            for index in range(site.n_units):
                feature = hypothesis.carriers.get(start + index)
                if feature is not None:
                    donors[:, index] = self._of(feature)
            at = donors.to(both.device)[:, None, :, None].expand(
                -1, both.shape[1], -1, both.shape[3]
            )
            found[site.name] = both.gather(0, at).flatten(2)
        return found

    def _of(self, feature: Feature) -> Tensor:
        """One donor of each clean prompt; itself where no other has the same."""
        alike = self.alike[feature]
        return torch.tensor(
            [
                int(self.generator.choice(alike[number])) if alike[number] else number
                for number in range(self.n)
            ]
        )


def _mean(room: _Donors, units: Units, hypothesis: Hypothesis, check: Check | None) -> Tensor:
    """The metric of each clean prompt, over several draws."""
    sides, found = room.sides, []
    with torch.no_grad():
        for _ in range(DRAWS):
            blends = {
                site: Blend(keep=torch.zeros_like(values[0, 0]), other=values)
                for site, values in room.values(units, hypothesis).items()
            }
            found.append(sides.values(sides.model.blend(sides.clean, blends, check=check)))
    return torch.stack(found).mean(0)


def _told(values: Sequence[Tensor]) -> Float64[ndarray, " prompt"]:
    return torch.cat(list(values)).double().cpu().numpy()
