"""Sums and strengths of recent words are those of the programs that say them."""

import numpy as np
import pytest

from analysis.explain.rules.candidates import Candidates
from analysis.explain.rules.recency import (
    any_sums,
    explained,
    fading,
    fading_squares,
    fading_sums,
    gain_by_reach,
    next_same,
    since,
)
from analysis.programs.program import AnyOf, Fading, OneOf
from analysis.programs.running import strength
from tests.analysis.explain.rules.invented import Text, candidates, text


@pytest.fixture(scope="module")
def here() -> Text:
    return text(0, n_windows=10, length=32)


@pytest.fixture(scope="module")
def found(here: Text) -> Candidates:
    return candidates(here)


def values_of(here: Text) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=here.counted.shape).astype(np.float32)
    return np.where(here.counted, values, 0).astype(np.float32)


def one(found: Candidates, place: int) -> OneOf:
    return OneOf((found.lexicon.texts[place],))


def test_the_next_of_the_same_type_is_found() -> None:
    types = np.array([[3, 1, 3, 3], [1, 1, -1, -1]], np.int32)
    assert next_same(types).tolist() == [[2, 4, 3, 4], [1, 4, 4, 4]]


@pytest.mark.parametrize("reach", [1, 3, 8, 40])
def test_sums_over_recent_words_are_exact(here: Text, found: Candidates, reach: int) -> None:
    values, n_types = values_of(here), len(found.lexicon.ids)
    sums, counts = any_sums(found.grid, found.following, values, here.counted, reach, n_types)
    for place in range(n_types):
        held = strength(AnyOf(reach, 1, one(found, place)), here.reading)
        assert sums[place] == pytest.approx(float(values[held & here.counted].sum()), abs=1e-3)
        assert counts[place] == (held & here.counted).sum()


def test_sums_over_fading_words_are_exact(here: Text, found: Candidates) -> None:
    values, n_types = values_of(here), len(found.lexicon.ids)
    sums = fading_sums(found.grid, values, 8, n_types)
    squares = fading_squares(found.grid, here.counted, 8, n_types)
    for place in range(n_types):
        held = strength(Fading(8, one(found, place)), here.reading).astype(np.float64)
        assert sums[place] == pytest.approx(float((held * values).sum()), abs=1e-3)
        assert squares[place] == pytest.approx(float((held[here.counted] ** 2).sum()), abs=1e-3)


def test_strengths_are_those_of_programs(here: Text, found: Candidates) -> None:
    passing = np.zeros(len(found.lexicon.ids), np.bool_)
    passing[[3, 5]] = True
    words = OneOf((found.lexicon.texts[3], found.lexicon.texts[5]))
    counted = here.counted
    wanted = strength(Fading(6, words), here.reading)
    np.testing.assert_allclose(fading(found.grid, passing, 6)[counted], wanted[counted], atol=1e-6)
    for reach in (1, 4, 9):
        held = since(found.grid, passing) <= reach
        wanted = strength(AnyOf(reach, 1, words), here.reading)
        np.testing.assert_array_equal(held[counted], wanted[counted])


def test_what_a_level_explains_is_the_fall_in_squared_error() -> None:
    values = np.array([3.0, 1.0, -2.0, -2.0])
    # Levels 2 and −2 leave 1 + 1 of 18.
    assert explained(np.array(4.0), np.array(2), 4) == pytest.approx(16)
    distances = np.array([1, 2, 9, 9], np.int32)
    gains = gain_by_reach(distances, values.astype(np.float32), 3)
    # Of the first alone: 3²/1·4/3.
    assert gains.tolist() == pytest.approx([12, 16, 16])
    assert explained(np.array(5.0), np.array(4), 4) == 0
