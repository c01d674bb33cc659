"""Numbers as people read them, with the exact value beside them."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from app.rendering import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.012345, "0.0123"),
        (-1.5, "−1.50"),
        (45.678, "45.7"),
        (123456.0, "123,456"),
        (1.5e-7, "1.50e−7"),
        (2.5e9, "2.50e9"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "NaN"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert numbers.significant(value) == text


def test_the_exact_value_travels_in_the_markup() -> None:
    assert numbers.number(0.1234567) == '<data value="0.1234567">0.123</data>'
    assert numbers.count(46080) == '<data value="46080">46,080</data>'


def test_nothing_is_not_zero() -> None:
    for show in (numbers.number, numbers.count, numbers.percent):
        assert "undefined" in show(None)
        assert "undefined" not in show(0)


def test_shares_sizes_and_durations_have_units() -> None:
    assert numbers.percent_text(0.1234) == "12.3\u202f%"
    assert numbers.percent_text(1.0) == "100\u202f%"
    assert ">3.40\u202fGB<" in numbers.size(3_400_000_000)
    assert ">12\u202fB<" in numbers.size(12)
    assert numbers.duration(0.31) == "310\u202fms"
    assert numbers.duration(4.2) == "4.2\u202fs"
    assert numbers.duration(75) == "1\u202fmin 15\u202fs"
    assert numbers.duration(3700) == "1\u202fh 01\u202fmin"
    assert numbers.duration(None) == "unknown"


def test_moments_are_absolute_and_recent_ones_also_relative() -> None:
    now = datetime.now(UTC)
    assert "min ago" in numbers.moment(now - timedelta(minutes=5))
    old = numbers.moment(datetime(2024, 5, 6, 7, 8, tzinfo=UTC))
    assert "2024-05-06 07:08\u202fUTC" in old
    assert "ago" not in old
    assert "not yet" in numbers.moment(None)
