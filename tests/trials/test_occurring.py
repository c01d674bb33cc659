"""Where words of a claim occur: as one token or as several."""

import numpy as np
import pytest

from app.trials.occurring import find_words
from app.trials.words import Named

VOCABULARY = ["\x00", "New", " new", " York", "er", " whale", "whal", "es", " don", "'t", "."]


def at(tokens: list[int], *words: str, exactly: tuple[str, ...] = ()) -> list[int]:
    """Where a word ends."""
    named = Named(frozenset(words), frozenset(exactly))
    row = np.array([tokens], np.int64)
    found = find_words(row, np.array([len(tokens)]), VOCABULARY, named)
    return np.flatnonzero(found[0]).tolist()


@pytest.mark.parametrize(
    ("tokens", "word", "expected"),
    [
        ([5, 10, 5], "whale", [0, 2]),
        ([10, 1, 3, 10, 2, 3], "new york", [2, 5]),
        ([1, 3, 4], "new york", []),
        ([1, 10, 3], "new york", []),
        ([8, 9, 10], "don't", [1]),
        ([6, 7], "whales", [1]),
        ([1, 6, 7], "whales", []),
        ([6], "whales", []),
    ],
)
def test_a_word_is_a_token_or_several_that_make_it_up(
    tokens: list[int], word: str, expected: list[int]
) -> None:
    assert at(tokens, word) == expected


def test_tokens_of_a_program_are_looked_for_just_as_they_are() -> None:
    assert at([1, 2, 5], exactly=(" new", "whale")) == [1]


def test_past_the_end_of_a_window_there_is_nothing() -> None:
    tokens = np.array([[5, 5]], np.int64)
    found = find_words(tokens, np.array([1]), VOCABULARY, Named(frozenset({"whale"})))
    assert found.tolist() == [[True, False]]
