"""How fast something goes, smoothed."""

import pytest

from analysis.worker.rate import HALF_LIFE, Rate


def test_a_steady_rate_is_found_from_two_measurements() -> None:
    rate = Rate()
    assert rate.update(10.0, 0, "windows") is None
    assert rate.update(11.0, 4, "windows") == 4
    assert rate.update(12.0, 8, "windows") == pytest.approx(4)


def test_what_was_done_before_the_first_measurement_does_not_count() -> None:
    rate = Rate()
    rate.update(0.0, 1000, "windows")
    assert rate.update(1.0, 1002, "windows") == 2


def test_older_measurements_count_half_after_a_half_life() -> None:
    rate = Rate()
    rate.update(0.0, 0, "windows")
    rate.update(1.0, 10, "windows")
    # 10 units in 1 s, halved, and nothing in a half-life
    expected = (10 / 2 + 0) / (1 / 2 + HALF_LIFE)
    assert rate.update(1.0 + HALF_LIFE, 10, "windows") == pytest.approx(expected)


def test_something_else_is_counted_from_its_beginning() -> None:
    rate = Rate()
    rate.update(0.0, 0, "windows")
    rate.update(1.0, 10, "windows")
    assert rate.update(2.0, 0, "sites") is None
    assert rate.update(3.0, 5, "sites") == 5
