"""The windows by which people judge: of test, chosen by activations and by words alone."""

import pytest

from app.store.engine import open_session
from app.store.views.campaign import ShownWindows
from app.trials.blind import Asked, gather_windows, words_of
from tests.conftest import Filled

N_NAMED = 4


def gather(filled: Filled, index: int, text: str = "", site: str = "mlp.0") -> ShownWindows:
    asked = Asked(filled.models[0].name, site, index, text, None)
    with open_session(filled.engine) as session:
        return gather_windows(session, asked, data=filled.settings.data)


def firing(shown: ShownWindows, values: list[float | None]) -> list[int]:
    """Counted positions at which the unit fires."""
    assert shown.threshold is not None
    sign = 1 if shown.tail == "upper" else -1
    return [
        at
        for at, value in enumerate(values)
        if at >= shown.counted_from and value is not None and sign * value > sign * shown.threshold
    ]


@pytest.mark.parametrize("index", [0, 2, 5])
def test_all_are_of_the_test_split_and_random_ones_are_not_picked(filled: Filled, index: int):
    shown = gather(filled, index)
    all_shown = (*shown.top, *shown.random, *shown.named, *shown.nearest)
    assert {one.split for one in all_shown} == {"test"}
    assert len(shown.top) == 4  # as many as were kept
    assert len({one.window for one in shown.random}) == 6
    assert shown.missing is None
    peaks = [abs(one.peak) for one in shown.top]
    assert peaks == sorted(peaks, reverse=True)
    assert shown.scale >= max(abs(one.peak) for one in all_shown)


@pytest.mark.parametrize("index", [0, 2, 5])
def test_near_misses_are_silent_windows(filled: Filled, index: int):
    shown = gather(filled, index)
    assert shown.nearest
    sign = 1 if shown.tail == "upper" else -1
    for one in shown.nearest:
        assert firing(shown, one.activations) == []
    peaks = [sign * one.peak for one in shown.nearest]
    assert peaks == sorted(peaks, reverse=True)


def test_where_a_word_of_the_explanation_occurs_in_silence_it_is_shown_there(filled: Filled):
    shown = gather(filled, 2)
    word = next(
        token.strip()
        for one in shown.nearest
        for token in one.tokens[1:]
        if token.strip().isalpha()
    )
    named = gather(filled, 2, f"Fires at “{word}”.").named
    assert 0 < len(named) <= N_NAMED
    for one in named:
        assert one.tokens[one.peak_position].strip().casefold() == word.casefold()
        assert firing(shown, one.activations) == []


def test_everybody_is_shown_the_same(filled: Filled):
    assert gather(filled, 3, "Cats") == gather(filled, 3, "Cats")
    assert gather(filled, 3, "Cats").random != gather(filled, 4, "Cats").random


def test_of_a_head_there_are_windows_too(filled: Filled):
    assert gather(filled, 1, site="attn.0").top


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fires at “ whale” and 'Ship'.", {"whale", "ship"}),
        ("Names of months, when a number follows", {"months", "number", "follows"}),
        ("", set()),
        ("“”", set()),
    ],
)
def test_what_a_claim_names_is_what_it_quotes_or_its_words(text: str, words: set[str]):
    assert words_of(text) == words
