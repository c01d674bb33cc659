"""The best additive prediction from the last five tokens, however long: what rules are measured
against, and what they are fitted to.

â = base + Σ_k (E[token −k]·w_k) + Σ_k table_k(token −k), three tables: a ridge regression on the
model's token space, which carries over to tokens that the text lacks, then tables of what it
leaves, shrunk. The solution is the same linear map for every unit: a block of units costs two
matrix products. As a program it is five tables over the whole vocabulary.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from numpy import ndarray

from analysis.programs.program import MOST_LISTED, Program, Table
from analysis.programs.reading import Reading
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import as_written

DIMS = (256, 192, 128, 64, 64)
PENALTIES = (15.0, 60.0, 90.0, 120.0, 120.0)
SHRINKAGES = (3.0, 10.0, 40.0)
"""Of the tables of the token itself and of the two before, in occurrences."""
MOST_WRITTEN = MOST_LISTED * 3 // 4
"""Levels of a prediction that is written down: with all, the text could exceed a program."""


@dataclass(frozen=True, eq=False)
class Basis:
    """A text as the regression sees it; one per split, shared by all units."""

    features: Float32[ndarray, "position feature"]
    tokens: Int64[ndarray, "back position"]
    """The token and those before; −1: none."""


@dataclass(frozen=True, eq=False)
class Smoother:
    fit: Basis
    centre: Float32[ndarray, " feature"]
    inverse: Float64[ndarray, "feature feature"]


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Additive programs of a block of units."""

    base: Float32[ndarray, " unit"]
    weights: Float32[ndarray, "feature unit"]
    tables: tuple[Float32[ndarray, "vocab_and_none unit"], ...]


def make_basis(reading: Reading, counted: Bool[ndarray, "window pos"]) -> Basis:
    space = reading.vocabulary.space
    n, length = reading.shape
    tokens = np.full((len(DIMS), n, length), -1, np.int64)
    for back in range(min(len(DIMS), length)):
        tokens[back, :, back:] = reading.tokens[:, : length - back]
    flat = tokens[:, counted]
    parts = [np.zeros((flat.shape[1], 0), np.float32)]
    if space is not None:
        directions = _directions(space)
        padded = np.vstack([directions, 0 * directions[:1]])
        parts += [padded[:, :dims][row] for dims, row in zip(DIMS, flat, strict=True)]
    return Basis(np.concatenate(parts, axis=1), flat[: len(SHRINKAGES)])


def make_smoother(fit: Basis, *, n_dims: int) -> Smoother:
    """`n_dims`: of the token space; features beyond it are not there."""
    centre = fit.features.mean(0)
    centred = fit.features - centre
    widths = [min(dims, n_dims) for dims in DIMS] if centred.shape[1] else []
    penalties = np.repeat(PENALTIES[: len(widths)], widths)
    inverse = np.linalg.inv((centred.T @ centred).astype(np.float64) + np.diag(penalties))
    return Smoother(Basis(centred, fit.tokens), centre, inverse)


def smooth(
    smoother: Smoother, activations: Float32[ndarray, "unit position"], *, n_vocab: int
) -> tuple[Smoothed, Float32[ndarray, "unit position"]]:
    """The programs, and what they predict of the text that they were fitted to."""
    base = activations.mean(1)
    rest = (activations - base[:, None]).T
    weights = (smoother.inverse @ (smoother.fit.features.T @ rest)).astype(np.float32)
    predicted = smoother.fit.features @ weights
    tables = []
    for row, shrinkage in zip(smoother.fit.tokens, SHRINKAGES, strict=True):
        table = _table(rest - predicted, row, shrinkage, n_vocab)
        predicted += table[row]
        tables.append(table)
    return Smoothed(base, weights, tuple(tables)), (predicted + base).T


def predict_smoothed(
    smoothed: Smoothed, smoother: Smoother, basis: Basis
) -> Float32[ndarray, "unit position"]:
    """Of another text."""
    predicted = basis.features @ smoothed.weights - smoother.centre @ smoothed.weights
    for row, table in zip(basis.tokens, smoothed.tables, strict=True):
        predicted += table[row]
    return (predicted + smoothed.base).T


def smoothed_program(
    smoothed: Smoothed, smoother: Smoother, unit: int, vocabulary: Vocabulary
) -> Program:
    """The unit's additive prediction in the language of programs: a table for each place.

    Tokens that share a text share the level of the last of them. Where there are more levels than
    `MOST_WRITTEN`, the smallest are left out.
    """
    base = float(smoothed.base[unit]) - float(smoother.centre @ smoothed.weights[:, unit])
    by_token = _levels(smoothed, unit, vocabulary)
    sizes = np.abs(by_token).ravel()
    least = 0.0
    if np.count_nonzero(sizes) > MOST_WRITTEN:
        least = float(np.partition(sizes, -MOST_WRITTEN - 1)[-MOST_WRITTEN - 1])
    tables = (
        Table(
            back,
            tuple(
                (vocabulary.texts[token], as_written(float(levels[token])))
                for token in np.flatnonzero(np.abs(levels) > least).tolist()
            ),
        )
        for back, levels in enumerate(by_token)
    )
    return Program(as_written(base), tables=tuple(table for table in tables if table.levels))


def _levels(
    smoothed: Smoothed, unit: int, vocabulary: Vocabulary
) -> Float32[ndarray, "back vocab"]:
    """What each token adds at each place."""
    found = np.zeros((len(DIMS), len(vocabulary)), np.float32)
    weights = smoothed.weights[:, unit]
    if vocabulary.space is not None:
        directions = _directions(vocabulary.space)
        widths = [min(dims, directions.shape[1]) for dims in DIMS]
        parts = np.split(weights, np.cumsum(widths)[:-1])
        for levels, width, part in zip(found, widths, parts, strict=True):
            np.add(levels, directions[:, :width] @ part, out=levels)
    for levels, table in zip(found, smoothed.tables, strict=False):
        np.add(levels, table[:-1, unit], out=levels)
    return found


def _directions(space: TokenSpace) -> Float32[ndarray, "vocab dim"]:
    vectors = space.vectors.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))


def _table(
    rest: Float32[ndarray, "position unit"],
    tokens: Int64[ndarray, " position"],
    shrinkage: float,
    n_vocab: int,
) -> Float32[ndarray, "vocab_and_none unit"]:
    """Shrunk means per token; the last row, of no token, is 0."""
    order = np.argsort(tokens, kind="stable")
    ids, firsts, counts = np.unique(tokens[order], return_index=True, return_counts=True)
    table = np.zeros((n_vocab + 1, rest.shape[1]), np.float32)
    sums = np.add.reduceat(rest[order], firsts, axis=0)
    table[ids] = sums / (counts + shrinkage)[:, None]
    table[-1] = 0
    return table
