"""Distributions of r over units: the same units for every method, whichever have no r."""

import numpy as np
import pytest

from analysis.worker.explaining.summarising import _row, _Unit
from app.store.packing import unpack


def unit(index: int, r: float | None, status: str = "current") -> _Unit:
    scored = "undefined" if r is None else "scored"
    return _Unit(1, index, status, 10.0, None if status == "failed" else scored, r, None)


def quantiles_of(method: str, units: list[_Unit]) -> np.ndarray:
    row = _row(1, [(one, 1.0) for one in units], method, "test", seed=0)
    return unpack(row.quantiles, np.float32)


@pytest.mark.parametrize("method", ["rules", "lookup", "language_model"])
def test_a_unit_without_an_r_counts_as_0_in_percentiles_as_it_does_in_the_mean(method: str) -> None:
    units = [unit(0, 0.8), unit(1, 0.4), unit(2, None), unit(3, None, "failed"), unit(4, None)]
    row = _row(1, [(one, 1.0) for one in units], method, "test", seed=0)
    found = unpack(row.quantiles, np.float32)
    np.testing.assert_allclose(found[[0, 25, 50, 75, 100]], [0, 0, 0, 0.4, 0.8], atol=1e-6)
    assert row.mean_r == pytest.approx(1.2 / 5)
    assert (row.n_units, row.n_scored, row.n_undefined, row.n_failed) == (5, 2, 2, 1)


def test_a_method_that_gives_up_on_hard_units_has_no_better_median() -> None:
    """Where it has an r it has the same as the other."""
    whole = [unit(n, r) for n, r in enumerate([0.1, 0.2, 0.3, 0.8, 0.9])]
    picky = [unit(n, r) for n, r in enumerate([None, None, None, 0.8, 0.9])]
    assert quantiles_of("lookup", whole)[50] > quantiles_of("rules", picky)[50] == 0


def test_a_negative_r_stays_below_the_units_without_one() -> None:
    found = quantiles_of("rules", [unit(0, -0.5), unit(1, None), unit(2, 0.5)])
    np.testing.assert_allclose(found[[0, 50, 100]], [-0.5, 0, 0.5])


def test_dots_are_of_units_with_an_r_alone_and_none_has_no_percentiles() -> None:
    row = _row(1, [(unit(0, 0.5), 1.0), (unit(1, None), 1.0)], "rules", "test", seed=0)
    assert unpack(row.points, np.float32, -1, 3)[:, 0].tolist() == [0]
    assert len(quantiles_of("rules", [unit(0, None)])) == 0
