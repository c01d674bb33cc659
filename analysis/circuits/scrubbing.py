"""Causal scrubbing: does it follow from a hypothesis about units what the model will do?

A hypothesis says of some units which feature of the prompt they carry, and that nothing else of it
matters. If that is so, each of them may have its value on any other prompt with the same feature,
and every unit that carries nothing its value on any prompt at all, and the model does no worse:

    recovered = 1 − (L_scrubbed − L) / (L_random − L)

where L is the metric with its sign turned, and L_random that of a model whose every unit is
resampled from any prompt (Chan et al. 2022, with one level: values are of whole runs). Prompts are
both sides of all pairs; a donor has the same length, is of another pair, and is drawn anew for
every unit. Means are over prompts that share the feature with another pair: of the rest nothing is
tested. Beside what is recovered stands what the same units recover with their own values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from numpy import ndarray

from analysis.circuits.judging import prompt_numbers
from analysis.circuits.ratios import numbered, ratio_of_means
from analysis.circuits.rooms import Hypothesis, Room, rooms_of
from analysis.circuits.units import Units
from analysis.models.tracing import Check, EditableModel
from analysis.protocol.proofs import Estimate, Feature, Scrub
from analysis.tasks.features import FEATURES, sharing
from analysis.tasks.task import Metric, Pair

NOTHING: Final = Hypothesis({})
"""Every unit of the model is resampled from any prompt."""


@dataclass(frozen=True)
class Scrubbed:
    recovered: Estimate
    everything: Estimate
    """With the carriers' own values."""
    whole: float
    """The metric of the untouched model, mean over clean prompts; the next two likewise."""
    scrubbed: float
    random: float


def scrub(
    rooms: Sequence[Room],
    units: Units,
    hypotheses: Sequence[Hypothesis],
    *,
    seed: int = 0,
    check: Check | None = None,
) -> list[Scrubbed]:
    """Each hypothesis by itself. ValueError: resampling everything leaves the metric as it is."""
    whole, prompts = whole_values(rooms), prompts_of(rooms)
    random = values_of(rooms, units, NOTHING, seed=seed, check=check)
    own: dict[frozenset[int], Float64[ndarray, " prompt"]] = {}
    found = []
    for hypothesis in hypotheses:
        carriers = frozenset(hypothesis.carriers)
        scrubbed = values_of(rooms, units, hypothesis, seed=seed, check=check)
        if carriers not in own:
            everything = Hypothesis({}, own=carriers)
            own[carriers] = values_of(rooms, units, everything, seed=seed, check=check)
        some = tested(rooms, hypothesis.carriers.values())
        below = (whole - random)[some]
        of_some = numbered(prompts[some])
        found.append(
            Scrubbed(
                recovered=ratio_of_means((scrubbed - random)[some], below, of_some),
                everything=ratio_of_means((own[carriers] - random)[some], below, of_some),
                whole=float(whole[some].mean()),
                scrubbed=float(scrubbed[some].mean()),
                random=float(random[some].mean()),
            )
        )
    return found


def prompts_of(rooms: Sequence[Room]) -> Int64[ndarray, " prompt"]:
    """Numbers of the clean prompts, from 0: equal where pairs share one."""
    return prompt_numbers(sides for room in rooms for sides in room.sides)


def tested(rooms: Sequence[Room], features: Iterable[Feature]) -> Bool[ndarray, " prompt"]:
    """Prompts of which a claim of these features is tested; all where it is of none."""
    named = set(features)
    found: Bool[ndarray, " prompt"] = np.concatenate([room.have_donors(named) for room in rooms])
    return found if found.any() else np.ones(len(found), dtype=np.bool_)


def values_of(
    rooms: Sequence[Room],
    units: Units,
    hypothesis: Hypothesis,
    *,
    seed: int,
    check: Check | None = None,
) -> Float64[ndarray, " prompt"]:
    """The metric of every clean prompt where a hypothesis is taken at its word."""
    found = [room.run(units, hypothesis, seed=seed, check=check) for room in rooms]
    return torch.cat(found).double().cpu().numpy()


def whole_values(rooms: Sequence[Room]) -> Float64[ndarray, " prompt"]:
    found: Float64[ndarray, " prompt"] = np.concatenate(
        [room.whole.double().cpu().numpy() for room in rooms]
    )
    return found


def scrub_features(
    model: EditableModel,
    metric: Metric,
    pairs: Sequence[Pair],
    units: Units,
    kept: Sequence[int],
    *,
    seed: int,
    check: Check | None = None,
) -> tuple[tuple[Scrub, ...], tuple[str, ...]]:
    """Whether the kept units together carry each feature, and of which that cannot be tested."""
    hypotheses = [Hypothesis(dict.fromkeys(kept, feature)) for feature in FEATURES]
    try:
        rooms = rooms_of(model, metric, pairs, check=check)
        found = scrub(rooms, units, hypotheses, seed=seed, check=check)
    except ValueError as error:
        return (), (f"Nothing was scrubbed: {error}.",)
    scrubs, remarks = [], []
    for feature, each in zip(FEATURES, found, strict=True):
        shared = sharing(pairs, feature)
        if shared.mostly_alone:
            why = (
                f"{shared.n_alone} of {shared.n_prompts} prompts share it with no other pair"
                if shared.n_values
                else "the task does not say it of its prompts"
            )
            remarks.append(f"Whether the circuit carries the {feature} cannot be tested: {why}.")
            continue
        scrubs.append(
            Scrub(
                feature=feature,
                recovered=each.recovered,
                everything=each.everything,
                n_prompts=shared.n_prompts,
                n_alone=shared.n_alone,
            )
        )
    return tuple(scrubs), tuple(remarks)
