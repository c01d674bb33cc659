"""Pursuit picks what a plain, slow version of it picks."""

import numpy as np
from numpy import ndarray

from analysis.explain.rules.candidates import Candidates
from analysis.explain.rules.pursuit import pursue, sums_of
from tests.analysis.explain.rules.invented import candidates, text, vocabulary


def slow_pursuit(
    residual: ndarray,
    held: ndarray,
    listed: ndarray,
    *,
    shrinkage: float,
    steps: int,
    most_listed: int,
    most_picks: int,
) -> dict[int, float]:
    counts, residual, weights = held.sum(1), residual.astype(np.float64), dict[int, float]()
    for _ in range(steps):
        sums = held @ residual
        gains = sums**2 * counts / (counts + shrinkage) ** 2
        used = sum(listed[pick] for pick in weights)
        for c in range(len(held)):
            is_new = c not in weights
            if is_new and (len(weights) == most_picks or used + listed[c] > most_listed):
                gains[c] = 0
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            break
        weight = sums[best] / (counts[best] + shrinkage)
        weights[best] = weights.get(best, 0.0) + weight
        residual -= weight * held[best]
    return weights


def some(seed: int) -> tuple[Candidates, ndarray, ndarray]:
    found = candidates(text(0, n_windows=16, length=32, voc=vocabulary(with_space=True)))
    held = np.stack([found.holds([c]) for c in range(len(found))]).astype(np.float64)
    residual = np.random.default_rng(seed).normal(size=found.n_positions).astype(np.float32)
    return found, held, residual - residual.mean()


def test_sums_are_over_the_places_where_each_holds() -> None:
    found, held, residual = some(3)
    np.testing.assert_allclose(sums_of(residual, found), held @ residual, atol=1e-3)
    chosen = np.array([len(found) - 1, 0, 5], np.int32)
    np.testing.assert_allclose(sums_of(residual, found, chosen), held[chosen] @ residual, atol=1e-3)


def test_pursuit_agrees_with_its_slow_version_whatever_the_limits() -> None:
    for seed, most_listed, most_picks in ((1, 120, 40), (2, 5, 40), (3, 120, 6), (4, 0, 3)):
        found, held, residual = some(seed)
        limits = {"steps": 30, "most_listed": most_listed, "most_picks": most_picks}
        wanted = slow_pursuit(residual, held, found.listed, shrinkage=0.5, **limits)
        picks, weights = pursue(residual, found, shrinkage=0.5, **limits)
        assert picks.tolist() == list(wanted)
        np.testing.assert_allclose(weights, list(wanted.values()), rtol=1e-3, atol=1e-4)


def test_nothing_is_picked_where_nothing_is_left() -> None:
    found, _, residual = some(1)
    picks, _ = pursue(0 * residual, found, shrinkage=0.5, steps=9, most_listed=9, most_picks=9)
    assert len(picks) == 0
