"""How fast something goes, smoothed."""

import pytest

from analysis.worker.rate import ENOUGH, HALF_LIFE, Rate


def test_a_steady_rate_is_told_once_enough_is_measured() -> None:
    rate = Rate()
    told = [rate.update(float(second), 4.0 * second, "windows") for second in range(21)]
    first = 1 + int(ENOUGH)
    assert told[:first] == [None] * first
    assert told[first:] == pytest.approx([4.0] * (21 - first))


def test_neither_what_was_done_before_nor_warming_up_counts() -> None:
    rate = Rate()
    rate.update(0.0, 1000, "windows")
    rate.update(60.0, 1016, "windows")  # models were warmed up
    assert rate.update(60.0 + ENOUGH, 1016 + 2 * ENOUGH, "windows") == pytest.approx(2)


def test_older_measurements_count_half_after_a_half_life() -> None:
    rate = Rate()
    rate.update(0.0, 0, "windows")
    rate.update(1.0, 10, "windows")
    rate.update(11.0, 110, "windows")
    # 100 units in 10 s, halved, and nothing in a half-life
    expected = (100 / 2 + 0) / (10 / 2 + HALF_LIFE)
    assert rate.update(11.0 + HALF_LIFE, 110, "windows") == pytest.approx(expected)


def test_something_else_is_counted_from_its_beginning() -> None:
    rate = Rate()
    for second in range(30):
        rate.update(float(second), 10.0 * second, "windows")
    assert rate.update(30.0, 0, "sites") is None
    assert rate.update(31.0, 5, "sites") is None
    assert rate.update(31.0 + ENOUGH, 5 + 5 * ENOUGH, "sites") == pytest.approx(5)


def test_of_parts_that_are_not_alike_no_rate_is_told() -> None:
    rate = Rate()
    assert {rate.update(float(second), second / 20, "parts") for second in range(60)} == {None}


def test_where_nothing_gets_done_there_is_no_rate() -> None:
    rate = Rate()
    assert {rate.update(float(second), 7, "windows") for second in range(60)} == {None}
