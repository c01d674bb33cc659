"""How well scores find a planted circuit: AUROC over all its model's nodes, or edges.

The chance that a node of the circuit has the higher |score| than one that is not in it, ties
counting half: ½ is guessing, and so is to score everything alike. What is below DUST of the largest
score counts as 0, for planted truth is exact to that, and a rank made of rounding errors is luck.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from analysis.circuits.planted.truth import Edge, Node, Planted
from analysis.score.auroc import auroc
from analysis.score.bootstrap import draw_documents, intervals

DUST = 1e-4
REPLICATES = 1000

Part = TypeVar("Part", Node, Edge)


@dataclass(frozen=True)
class MeanAuroc:
    """Over models, with a 95 % interval: what it would be, had other models been drawn."""

    value: float
    low: float | None
    """None of fewer than six models."""
    high: float | None
    n_models: int


def node_auroc(
    planted: Planted, scores: Mapping[Node, float], *, ignoring: Collection[Node] = ()
) -> float:
    """Of every neuron and head but those ignored, backups if one likes: else they are of the
    circuit. Raises ValueError where one has no score, or no number."""
    nodes = planted.nodes()
    missing = [node for node in nodes if node not in scores]
    if missing:
        raise ValueError(f"{missing[0]} has no score: every neuron and head of the model needs one")
    return _auroc(planted.positions.keys(), nodes, scores, ignoring)


def edge_auroc(
    planted: Planted, scores: Mapping[Edge, float], *, ignoring: Collection[Edge] = ()
) -> float:
    """Of every edge that the model could have but those ignored, hidden ones if one likes; one
    that has no score counts as 0."""
    return _auroc(planted.edges, list(planted.candidates()), scores, ignoring)


def mean_auroc(values: Sequence[float], *, seed: int = 0) -> MeanAuroc:
    """Of one value per model; models are resampled, for nodes of one model are alike."""
    if not values:
        raise ValueError("no model was scored: the mean of none is not a number")
    found = np.array(values, dtype=np.float64)
    draws = draw_documents(len(found), REPLICATES, seed)
    low, high = intervals(draws @ found[:, None] / len(found), len(found))[0].tolist()
    return MeanAuroc(float(found.mean()), *_known(low, high), n_models=len(found))


def _auroc(
    truth: Collection[Part],
    candidates: Sequence[Part],
    scores: Mapping[Part, float],
    ignoring: Collection[Part],
) -> float:
    unknown = scores.keys() - set(candidates)
    if unknown:
        raise ValueError(f"{next(iter(unknown))} is scored, but the model has no such thing")
    bad = [part for part, score in scores.items() if not math.isfinite(score)]
    if bad:
        raise ValueError(f"the score of {bad[0]} is no finite number, so it has no rank")
    counted = [part for part in candidates if part not in ignoring]
    sizes = np.array([abs(scores.get(part, 0.0)) for part in counted])
    sizes[sizes < DUST * sizes.max()] = 0
    within = np.array([part in truth for part in counted])
    return auroc(sizes[within], sizes[~within])


def _known(low: float, high: float) -> tuple[float | None, float | None]:
    return (None, None) if math.isnan(low) or math.isnan(high) else (low, high)
