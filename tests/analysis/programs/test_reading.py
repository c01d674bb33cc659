import pytest

from analysis.programs import reading as module
from analysis.programs.program import OneOf
from tests.analysis.programs.windows import reading_of


def test_outcomes_are_kept_but_not_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = reading_of(["a", "b", "a"], ["b"])
    monkeypatch.setattr(module, "PASSING_BYTES", 3 * reading.there.size)
    first = reading.passing(OneOf(("a",)))
    assert reading.passing(OneOf(("a",))) is first
    assert first[0].tolist() == [True, False, True]
    assert not first[1, 0]
    for text in "bcd":
        reading.passing(OneOf((text,)))
    again = reading.passing(OneOf(("a",)))
    assert again is not first
    assert again.tolist() == first.tolist()


def test_outcomes_cannot_be_changed_by_those_who_share_them() -> None:
    with pytest.raises(ValueError, match="read-only"):
        reading_of(["a"]).passing(OneOf(("a",)))[0, 0] = False


def test_the_last_earlier_place_is_found_window_by_window() -> None:
    reading = reading_of(["a", "b", "a", "a"], ["b", "b"])
    assert reading.earlier[0].tolist() == [-1, -1, 0, 2]
    assert reading.earlier[1, :2].tolist() == [-1, 0]
