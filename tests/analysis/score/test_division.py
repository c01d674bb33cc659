"""Which windows are fitted on, and on which thresholds are chosen."""

import pytest

from analysis.score.division import CALIBRATION, FIT, divide

WINDOWS = {FIT: list(range(10)), CALIBRATION: list("abcd")}


def chosen(n_calibration: int | None, n_fit: int = 10) -> tuple[list[object], list[object]]:
    pools: dict[str, list[object]] = {FIT: [*WINDOWS[FIT][:n_fit]]}
    if n_calibration is not None:
        pools[CALIBRATION] = [*WINDOWS[CALIBRATION][:n_calibration]]
    division = divide({split: len(pool) for split, pool in pools.items()})
    source, windows = division.calibration
    return pools[FIT][division.fit], pools[source][windows]


def test_a_calibration_split_of_four_windows_is_calibrated_on() -> None:
    assert chosen(4) == ([*range(10)], ["a", "b", "c", "d"])


@pytest.mark.parametrize("n", [None, 0, 1, 3])
def test_in_place_of_fewer_stands_the_last_quarter_of_fit_on_which_nothing_is_fitted(
    n: int | None,
) -> None:
    assert chosen(n) == ([*range(8)], [8, 9])


def test_of_few_fit_windows_one_stands_in() -> None:
    assert chosen(None, n_fit=4) == ([0, 1, 2], [3])
    assert chosen(None, n_fit=7) == ([0, 1, 2, 3, 4, 5], [6])
