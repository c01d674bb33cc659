"""Candidates hold where programs say that they do."""

import numpy as np
import pytest

from analysis.explain.rules.candidates import FEWEST, Candidates
from analysis.explain.rules.contexts import MOST, MOST_OF_KINDS
from analysis.programs.program import AnyOf, Near
from analysis.programs.running import strength
from tests.analysis.explain.rules.invented import Text, candidates, text, vocabulary


@pytest.fixture(scope="module")
def here() -> Text:
    return text(0, n_windows=16, length=40, voc=vocabulary(with_space=True))


@pytest.fixture(scope="module")
def found(here: Text) -> Candidates:
    return candidates(here)


def test_every_candidate_holds_where_its_predicate_does(here: Text, found: Candidates) -> None:
    for which in range(len(found)):
        wanted = np.asarray(strength(found.predicate(which), here.reading))[here.counted] > 0
        np.testing.assert_array_equal(found.holds([which]), wanted)
        assert sorted(found.places(which).tolist()) == np.flatnonzero(wanted).tolist()


def test_several_hold_where_one_of_them_does(found: Candidates) -> None:
    some = [0, len(found) // 2, len(found) - 1]
    wanted = np.any([found.holds([which]) for which in some], axis=0)
    np.testing.assert_array_equal(found.holds(some), wanted)


def test_nothing_holds_too_rarely_or_nearly_everywhere(found: Candidates) -> None:
    n = found.n_positions
    for which in range(found.n_at_slots):
        most = MOST if found.listed[which] else MOST_OF_KINDS
        assert FEWEST[found.slot[which]] <= found.counts[which] <= most * n


def test_kinds_list_nothing_and_hold_where_they_say(found: Candidates) -> None:
    assert (found.listed[found.kinds] == 0).all()
    for kind, held in zip(found.kinds.tolist(), found.kinds_hold, strict=True):
        np.testing.assert_array_equal(held, found.holds([kind]))


def test_plain_candidates_are_neither_neighbourhoods_nor_recent_words(found: Candidates) -> None:
    for which in found.plain.tolist():
        predicate = found.predicate(which)
        assert not isinstance(predicate, AnyOf)
        assert not isinstance(getattr(predicate, "test", None), Near)


def test_a_text_of_one_short_window_has_candidates() -> None:
    assert candidates(text(0, n_windows=1, length=4)).n_positions <= 3
