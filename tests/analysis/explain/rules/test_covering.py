"""Exact rules are found one at a time, at the place and of the length that pay."""

import numpy as np
import pytest

from analysis.explain.rules.candidates import Candidates
from analysis.explain.rules.covering import (
    Rest,
    best_cover,
    cover_of,
    cut_types,
    rest_of,
)
from analysis.explain.rules.narrowing import narrowed
from analysis.programs.parsing import parse_program
from analysis.programs.program import Always, And, Predicate
from analysis.programs.running import strength
from tests.analysis.explain.rules.invented import Text, candidates, text

LONE = "sum\nwhen {} -> 2\notherwise 0"


@pytest.fixture(scope="module")
def here() -> Text:
    return text(0, n_windows=60)


@pytest.fixture(scope="module")
def found(here: Text) -> Candidates:
    return candidates(here)


def test_bits_saved_are_half_the_positions_times_the_log_of_the_errors() -> None:
    rest = rest_of(np.array([1.0, -1.0, 2.0, -2.0], np.float32))
    assert rest.error == 10
    assert rest.worth(7.5, 3.0) == pytest.approx(2 * 2 - 3)  # log₂(10/2.5) = 2


def test_what_a_rule_saves_is_by_hand() -> None:
    rest = rest_of(np.array([3.0, 1.0, -2.0, -2.0], np.float32))
    cover = cover_of(Always(), np.array([1, 1, 0, 0], np.float32), 2, rest)
    assert cover.gain == pytest.approx(16)
    assert cover.bits == 25 + 2 * 14


def test_a_set_ends_where_a_token_no_longer_pays() -> None:
    # Of 1,000 positions with error 500: a lone token of mean 5 in 10 explains 250, 500 bits; one
    # of mean 0.1 explains 0.1, less than a bit; the rest is below the mean, and cheap to list.
    sums, counts = np.array([50.0, 48.0, 1.0, -99.0]), np.array([10, 10, 10, 970])
    rest = Rest(np.zeros(1_000, np.float32), 500.0)
    above, below = cut_types(sums, counts, rest)
    assert above.tolist() == [0, 1]
    assert below.tolist() == [3]


@pytest.mark.parametrize(
    "predicate",
    [
        'token in {" cat", " dog", " Rome"}',
        'token[-1] in {" cat", " sea"}',
        'token[-3] in {" the"}',
        "token is number",
        'word ends "ing"',
        'any token[-6..-1] in {" law", " tax", " vote"}',
        'fading(8) token in {" law", " tax"}',
        'echo in {" of", " and"}',
        "repeated",
        "continues",
        "depth >= 1",
        'token is lower and token[-1] in {" of", " in"}',
        'token in {" cat", " the", " a"} and not token[-1] in {" of", ","}',
        'token in {" and", " in"} and not continues',
    ],
)
def test_a_unit_of_one_rule_is_covered_by_one_rule(
    here: Text, found: Candidates, predicate: str
) -> None:
    actual = here.does(LONE.format(predicate))
    rest = rest_of(actual)
    cover = best_cover(rest, found)
    assert cover is not None
    for _ in range(2):
        cover = narrowed(cover, rest, found)
    assert cover.gain == pytest.approx(rest.error, rel=1e-3)
    np.testing.assert_allclose(said(cover.predicate, here), cover.held, atol=1e-5)


def said(predicate: Predicate, here: Text) -> np.ndarray:
    return strength(predicate, here.reading)[here.counted].astype(np.float32)


def test_the_shorter_of_two_equal_rules_is_taken(here: Text, found: Candidates) -> None:
    """A shape rather than the list of its tokens."""
    cover = best_cover(rest_of(here.does(LONE.format("token is number"))), found)
    assert cover is not None
    assert cover.predicate == parse_program(LONE.format("token is number")).rules[0].predicate


def test_noise_is_not_covered(here: Text, found: Candidates) -> None:
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=here.n).astype(np.float32)
        assert best_cover(rest_of(noise), found) is None


def test_a_rule_that_holds_entirely_is_not_narrowed(here: Text, found: Candidates) -> None:
    rest = rest_of(here.does(LONE.format("token is number")))
    cover = best_cover(rest, found)
    assert cover is not None
    assert not isinstance(narrowed(cover, rest, found).predicate, And)
