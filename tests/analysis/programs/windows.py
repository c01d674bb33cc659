"""Windows that are written as lists of token texts; their vocabulary is what they hold."""

from collections.abc import Sequence

import numpy as np

from analysis.programs.parsing import parse_predicate, parse_program
from analysis.programs.reading import Reading
from analysis.programs.running import run_program, strength
from analysis.programs.vocabulary import Vocabulary


def vocabulary_of(*windows: Sequence[str]) -> Vocabulary:
    return Vocabulary(sorted({text for window in windows for text in window}))


def reading_of(*windows: Sequence[str], vocabulary: Vocabulary | None = None) -> Reading:
    vocabulary = vocabulary or vocabulary_of(*windows)
    return Reading(*as_tokens(windows, vocabulary), vocabulary)


def as_tokens(
    windows: Sequence[Sequence[str]], vocabulary: Vocabulary
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens with -1 past each window's end, and lengths."""
    lengths = np.array([len(window) for window in windows], np.int64)
    tokens = np.full((len(windows), max(lengths, default=0)), -1, np.int64)
    for row, window in zip(tokens, windows, strict=True):
        row[: len(window)] = [vocabulary.ids(text)[0] for text in window]
    return tokens, lengths


def held(predicate: str, *windows: Sequence[str]) -> list[float] | list[list[float]]:
    """How strongly a predicate holds at each token; of one window, its list alone."""
    found = np.asarray(strength(parse_predicate(predicate), reading_of(*windows)), float)
    rows = [
        row[: len(window)].round(6).tolist() for row, window in zip(found, windows, strict=True)
    ]
    return rows[0] if len(rows) == 1 else rows


def predicted(program: str, *windows: Sequence[str]) -> list[float]:
    """What a program predicts at each token of one window."""
    vocabulary = vocabulary_of(*windows)
    tokens, lengths = as_tokens(windows, vocabulary)
    found = run_program(parse_program(program), tokens, lengths, vocabulary)[0]
    return found.astype(float).round(6).tolist()
