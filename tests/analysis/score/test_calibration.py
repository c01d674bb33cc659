import numpy as np
import pytest

from analysis.score.calibration import CALIBRATIONS, fit_linear, fit_percentile

REAL = np.array([0.0, 0, 5, 1, 0, -1])
PREDICTED = np.array([0.0, 1, 10, 0, 0, 0])


def test_percentile_matching_gives_the_golden_values():
    calibrated = fit_percentile(REAL, PREDICTED)(PREDICTED)
    np.testing.assert_allclose(calibrated, [0, 1, 5, 0, 0, 0])


def test_percentile_matching_goes_straight_between_and_stays_level_beyond():
    calibrate = fit_percentile(np.array([0.0, 10]), np.array([1.0, 3]))
    np.testing.assert_allclose(calibrate(np.array([-5.0, 2, 9])), [0, 5, 10])


def test_a_line_is_found_again():
    predicted = np.arange(5.0)
    line = fit_linear(3 * predicted - 2, predicted)
    assert (line.scale, line.offset) == pytest.approx((3, -2))
    assert line(np.array([[10.0]])).tolist() == [[pytest.approx(28)]]


def test_predictions_that_never_vary_become_the_mean():
    line = fit_linear(REAL, np.full(6, 7.0))
    assert (line.scale, line.offset) == (0, pytest.approx(REAL.mean()))


@pytest.mark.parametrize("method", CALIBRATIONS)
def test_nan_is_left_out(method):
    fit = CALIBRATIONS[method]
    with_nan = fit(np.append(REAL, [np.nan, 3]), np.append(PREDICTED, [5, np.nan]))
    np.testing.assert_array_equal(with_nan(PREDICTED), fit(REAL, PREDICTED)(PREDICTED))


@pytest.mark.parametrize("method", CALIBRATIONS)
def test_nothing_to_fit_on_is_said(method):
    with pytest.raises(ValueError, match="no calibration token"):
        CALIBRATIONS[method](np.array([np.nan]), np.array([1.0]))
