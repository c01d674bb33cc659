"""Sums over what recent words decide, for every token type at once, in one pass over the text.

`any token[-n..-1]` holds where the latest earlier occurrence is at most n back. So each position
belongs to one occurrence of each type, and sums over positions are differences of running sums
between an occurrence and the next. `fading` is a filter, and its adjoint, run backwards, gives the
products with the fading of every type.
"""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32
from numba import njit
from numpy import ndarray


def next_same(types: Int32[ndarray, "window pos"]) -> Int32[ndarray, "window pos"]:
    """Where the type stands next in its window; the window's length where it does not."""
    return _next_same(types, int(types.max(initial=0)) + 1)


@njit(cache=True, nogil=True)
def _next_same(types: ndarray, n_types: int) -> ndarray:
    n_windows, length = types.shape
    found = np.full((n_windows, length), length, np.int32)
    last = np.full(n_types, -1, np.int32)
    for w in range(n_windows):
        for t in range(length):
            x = types[w, t]
            if x >= 0:
                if last[x] >= 0:
                    found[w, last[x]] = t
                last[x] = t
        for t in range(length):
            if types[w, t] >= 0:
                last[types[w, t]] = -1
    return found


@njit(cache=True, nogil=True)
def any_sums(
    types: ndarray, following: ndarray, values: ndarray, weights: ndarray, reach: int, n_types: int
) -> ndarray:
    """Per type, Σ values and Σ weights where it stands 1 to `reach` places back."""
    n_windows, length = types.shape
    sums = np.zeros((2, n_types))
    running = np.zeros((2, length))
    for w in range(n_windows):
        one = other = 0.0
        for t in range(length):
            one += values[w, t]
            other += weights[w, t]
            running[0, t] = one
            running[1, t] = other
        for t in range(length - 1):
            x = types[w, t]
            if x >= 0:
                end = min(t + reach, following[w, t], length - 1)
                sums[0, x] += running[0, end] - running[0, t]
                sums[1, x] += running[1, end] - running[1, t]
    return sums


@njit(cache=True, nogil=True)
def fading_sums(types: ndarray, values: ndarray, half_life: int, n_types: int) -> ndarray:
    """Per type, Σ values · fading of that type."""
    n_windows, length = types.shape
    keep = 2.0 ** (-1.0 / half_life)
    sums = np.zeros(n_types)
    for w in range(n_windows):
        ahead = 0.0
        for t in range(length - 1, -1, -1):
            if types[w, t] >= 0:
                sums[types[w, t]] += ahead
            ahead = ahead * keep + (1 - keep) * values[w, t]
    return sums


@njit(cache=True, nogil=True)
def fading_squares(types: ndarray, counted: ndarray, half_life: int, n_types: int) -> ndarray:
    """Per type, Σ (fading of that type)² over counted positions."""
    n_windows, length = types.shape
    keep = 2.0 ** (-1.0 / half_life)
    sums = np.zeros(n_types)
    level = np.zeros(n_types)
    since = np.zeros(n_types, np.int64)
    for w in range(n_windows):
        # Counted positions of a window are a run up to its end.
        end = 0
        for t in range(length):
            if counted[w, t]:
                end = t + 1
        for t in range(end):
            x = types[w, t]
            if x >= 0:
                level[x] = 0.0
                since[x] = -1
        for t in range(end):
            x = types[w, t]
            if x < 0:
                continue
            if since[x] >= 0:
                gap = t - since[x]
                sums[x] += level[x] ** 2 * (1 - keep ** (2 * gap)) / (1 - keep**2)
                level[x] *= keep**gap
            level[x] += 1 - keep
            since[x] = t
        for t in range(end):
            x = types[w, t]
            if x >= 0 and since[x] >= 0:
                gap = end - 1 - since[x]
                sums[x] += level[x] ** 2 * (1 - keep ** (2 * gap)) / (1 - keep**2)
                since[x] = -1
    return sums


@njit(cache=True, nogil=True)
def _since(types: ndarray, passing: ndarray) -> ndarray:
    n_windows, length = types.shape
    found = np.full((n_windows, length), length, np.int32)
    for w in range(n_windows):
        last = -1
        for t in range(length):
            if last >= 0:
                found[w, t] = t - last
            if types[w, t] >= 0 and passing[types[w, t]]:
                last = t
    return found


def since(
    types: Int32[ndarray, "window pos"], passing: Bool[ndarray, " type"]
) -> Int32[ndarray, "window pos"]:
    """How far back the last earlier token of these types is; the window's length: there is none."""
    return _since(types, passing)


@njit(cache=True, nogil=True)
def _fading(types: ndarray, passing: ndarray, half_life: int) -> ndarray:
    n_windows, length = types.shape
    keep = 2.0 ** (-1.0 / half_life)
    found = np.zeros((n_windows, length), np.float32)
    for w in range(n_windows):
        level = 0.0
        for t in range(length):
            found[w, t] = level if level >= 1e-6 else 0.0
            level = level * keep
            if types[w, t] >= 0 and passing[types[w, t]]:
                level += 1 - keep
    return found


def fading(
    types: Int32[ndarray, "window pos"], passing: Bool[ndarray, " type"], half_life: int
) -> Float32[ndarray, "window pos"]:
    """The strength of `fading` as programs have it."""
    return _fading(types, passing, half_life)


def gain_by_reach(
    distances: Int32[ndarray, " position"],
    values: Float32[ndarray, " position"],
    longest: int,
) -> Float64[ndarray, " reach"]:
    """What `any token[-n..-1]` explains of values with mean 0, for n = 1 … `longest`."""
    near = distances <= longest
    sums = np.bincount(distances[near], weights=values[near], minlength=longest + 1)[1:].cumsum()
    n = np.bincount(distances[near], minlength=longest + 1)[1:].cumsum()
    return explained(sums, n, len(values))


def explained(sums: ndarray | float, n: ndarray | float, n_all: int) -> ndarray:
    """Squared error that a level at n of all positions saves, the base fitted too; of values with
    mean 0 in all."""
    rest = np.maximum(n * (n_all - n), 1)
    return np.asarray(np.where((n > 0) & (n < n_all), sums * sums * n_all / rest, 0.0))
