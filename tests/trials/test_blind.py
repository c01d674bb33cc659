"""The windows by which people judge: of test, chosen by activations and by words alone."""

import pytest

from app.store.engine import open_session
from app.store.views.campaign import HalfView, ShownWindows
from app.store.views.unit import ExemplarView
from app.trials.blind import Asked, gather_windows
from tests.conftest import Filled


def gather(
    filled: Filled, index: int, text: str = "", site: str = "mlp.0", program: str | None = None
) -> ShownWindows:
    asked = Asked(filled.models[0].name, site, index, text, None, program)
    with open_session(filled.engine) as session:
        return gather_windows(session, asked, data=filled.settings.data)


def lists_of(shown: ShownWindows) -> list[list[ExemplarView]]:
    found = [shown.random.items]
    for half in shown.halves:
        found += [half.top, half.occurs.items, half.fires.items, half.nearest]
    return found


def firing(shown: ShownWindows, half: HalfView, values: list[float | None]) -> list[int]:
    """Counted positions at which the unit fires."""
    assert half.threshold is not None
    sign = 1 if half.tail == "upper" else -1
    return [
        at
        for at, value in enumerate(values)
        if at >= shown.counted_from and value is not None and sign * value > sign * half.threshold
    ]


def some_word(shown: ShownWindows) -> str:
    """That is in many windows."""
    return next(
        token.strip()
        for items in lists_of(shown)
        for one in items
        for token in one.tokens[1:]
        if token.strip().isalpha()
    )


@pytest.mark.parametrize("index", [0, 2, 5])
def test_all_are_of_the_test_split_and_none_is_shown_twice(filled: Filled, index: int):
    word = some_word(gather(filled, index))
    shown = gather(filled, index, f"Fires on “{word}”. Falls below its usual level on “{word}”.")
    assert shown.missing is None
    assert len(shown.halves) == 2
    all_shown = [one for items in lists_of(shown) for one in items]
    assert {one.split for one in all_shown} == {"test"}
    numbers = [one.window for one in all_shown]
    assert len(numbers) == len(set(numbers))
    assert len(shown.halves[0].top) == 4  # as many as were kept
    assert shown.scale >= max(abs(one.peak) for one in all_shown)
    drawn = len(shown.random.items) + len(shown.random.above)
    assert (drawn, shown.random.n) == (min(6, shown.n_windows), shown.n_windows)
    assert set(shown.random.above) <= set(numbers)


@pytest.mark.parametrize("index", [0, 2, 5])
def test_windows_where_it_fires_are_drawn_from_all_of_these(filled: Filled, index: int):
    shown = gather(filled, index)
    [half] = shown.halves
    assert half.is_firing
    assert len(half.fires.items) + len(half.fires.above) == min(6, half.fires.n)
    assert 0 < half.fires.n <= shown.n_windows
    for one in half.fires.items:
        assert firing(shown, half, one.activations)
    for one in half.nearest:
        assert firing(shown, half, one.activations) == []
    sign = 1 if half.tail == "upper" else -1
    peaks = [sign * one.peak for one in half.nearest]
    assert peaks == sorted(peaks, reverse=True)


def test_windows_with_a_word_are_drawn_whether_it_fires_there_or_not_and_counted(filled: Filled):
    word = some_word(gather(filled, 2))
    shown = gather(filled, 2, f"Fires at “{word}”.")
    [half] = shown.halves
    assert half.words == [word.casefold()]
    assert len(half.occurs.items) + len(half.occurs.above) == min(8, half.occurs.n)
    assert half.n_met + half.n_silent <= half.occurs.n
    for one in half.occurs.items:
        assert one.tokens[one.peak_position].strip().casefold() == word.casefold()
        silent = firing(shown, half, one.activations) == []
        assert (one.window in half.near_misses) is silent


def test_what_the_claim_says_of_the_other_tail_is_no_near_miss_of_this_one(filled: Filled):
    word = some_word(gather(filled, 2))
    main = gather(filled, 2).halves[0]
    says = {
        "upper": f"Fires on “zebras”. Falls below its usual level on “{word}”.",
        "lower": f"Fires on “{word}”. Falls below its usual level on “zebras”.",
    }[main.tail]
    own, other = gather(filled, 2, says).halves
    assert (own.words, own.occurs.n, own.near_misses) == (["zebras"], 0, [])
    assert (other.words, other.is_firing, other.is_claimed) == ([word.casefold()], False, True)
    assert other.tail != own.tail
    assert other.occurs.n > 0
    assert other.top or other.fires.n


def test_the_tails_are_told_apart_by_a_threshold_each(filled: Filled):
    shown = gather(filled, 2, "Fires on “a”. Falls below its usual level on “b”.")
    thresholds = {half.tail: half.threshold for half in shown.halves}
    assert thresholds["lower"] < thresholds["upper"]
    for half in shown.halves:
        for one in half.fires.items:
            assert firing(shown, half, one.activations)


def test_the_rules_of_a_program_can_be_read_where_the_words_are_its_own(filled: Filled):
    source = 'when token in {" a"} -> 1\n'
    assert gather(filled, 2, "Fires on “ a”.", program=source).rules == ["On “ a”"]
    assert gather(filled, 2, "Fires on “b”.", program=source).rules == []


def test_everybody_is_shown_the_same(filled: Filled):
    assert gather(filled, 3, "Cats") == gather(filled, 3, "Cats")
    assert gather(filled, 3, "Cats").random != gather(filled, 4, "Cats").random


def test_of_a_head_there_are_windows_too(filled: Filled):
    assert gather(filled, 1, site="attn.0").halves[0].top
