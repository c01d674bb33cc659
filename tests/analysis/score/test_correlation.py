import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.score.calibration import fit_linear
from analysis.score.correlation import simulation

REAL = np.array([0.0, 0, 5, 1, 0, -1])
PREDICTED = np.array([0.0, 1, 10, 0, 0, 0])


def test_the_golden_values_of_the_methods():
    r, uncentred, _, deviation = simulation(REAL, PREDICTED)
    assert r == pytest.approx(0.9504623792, abs=1e-10)
    assert uncentred == pytest.approx(-0.0370370, abs=1e-7)
    assert deviation == pytest.approx(-0.1428571, abs=1e-7)


def test_the_golden_value_after_linear_calibration():
    calibrated = fit_linear(REAL, PREDICTED)(PREDICTED)
    assert simulation(REAL, calibrated)[1] == pytest.approx(0.9182894, abs=1e-7)


def test_centred_r2_by_hand():
    # SSE 28 as above; SST = 27 − 25/6.
    assert simulation(REAL, PREDICTED)[2] == pytest.approx(1 - 28 / (27 - 25 / 6))


def test_least_squares_makes_centred_r2_the_square_of_r():
    r, _, centred, _ = simulation(REAL, fit_linear(REAL, PREDICTED)(PREDICTED))
    assert centred == pytest.approx(r**2)


def test_a_prediction_upside_down_has_a_negative_r():
    assert simulation(REAL, -PREDICTED)[0] == pytest.approx(-0.9504623792, abs=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.7, 1e4])
def test_a_constant_prediction_has_no_r_but_an_r2(value):
    r, uncentred, centred, deviation = simulation(REAL, np.full(6, value))
    assert np.isnan(r)
    assert np.isfinite([uncentred, centred, deviation]).all()


@pytest.mark.parametrize("value", [0.1, -3.7, 1e4])
def test_a_constant_unit_has_neither_r_nor_centred_r2(value):
    r, uncentred, centred, deviation = simulation(np.full(6, value), PREDICTED)
    assert np.isnan([r, centred]).all()
    assert np.isfinite([uncentred, deviation]).all()


def test_a_silent_unit_has_nothing():
    assert np.isnan(simulation(np.zeros(6), PREDICTED)).all()


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=40),
    st.floats(0.01, 100),
    st.floats(-1000, 1000),
)
def test_r_is_that_of_numpy_and_does_not_change_under_affine_maps(pairs, scale, offset):
    actual, predicted = np.array(pairs, np.float64).T
    r = simulation(actual, predicted)[0]
    if actual.std() == 0 or predicted.std() == 0:
        assert np.isnan(r)
        return
    assert r == pytest.approx(np.corrcoef(actual, predicted)[0, 1], abs=1e-9)
    assert simulation(actual, scale * predicted + offset)[0] == pytest.approx(r, abs=1e-6)
    assert simulation(scale * actual + offset, predicted)[0] == pytest.approx(r, abs=1e-6)
    assert simulation(actual, -scale * predicted)[0] == pytest.approx(-r, abs=1e-6)
