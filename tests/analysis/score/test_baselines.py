"""The shuffled baseline speaks in another unit's levels, so a line turns them into this unit's."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.score.baselines import Baselines, fit_line
from analysis.score.calibration import Linear
from analysis.score.correlation import simulation
from analysis.score.scoring import score_explanation
from analysis.score.tails import Firing
from analysis.score.units import Decisions, Prediction
from tests.analysis.score.pools import pool_of

SCALED = ("r2_uncentred", "r2_centred", "deviation")
OTHERS = ("corpus_r", "detection", "fuzzing", "auroc")


def _text(seed, share=0.6):
    """A unit's activations and what another unit's program says, in levels of its own."""
    rng = np.random.default_rng(seed)
    actual = rng.exponential(size=(24, 16))
    return actual, 50 * (share * actual + rng.exponential(size=actual.shape)) - 700


def _pool(**options):
    return pool_of(24, 16, counted_from=1, replicates=50, **options)


def _beside(shuffled, actual):
    """The metrics of the shuffled baseline beside some explanation."""
    scores = score_explanation(
        actual, Prediction(actual), baselines=Baselines(1.0, None, shuffled), pool=_pool(),
        firing=Firing(2.0),
    )  # fmt: skip
    return {metric.name: metric.shuffled for metric in scores.metrics}, scores.p


def test_r2_and_deviation_are_of_the_line_that_calibration_gives():
    (calibration, there), (test, said) = _text(0), _text(1)
    line = fit_line(calibration, there, _pool())
    counted = np.s_[:, 1:]
    slope, offset = np.polyfit(there[counted].ravel(), calibration[counted].ravel(), 1)
    assert (line.scale, line.offset) == pytest.approx((slope, offset))
    found, _ = _beside(Prediction(said, line=line), test)
    expected = simulation(test[counted].ravel(), slope * said[counted].ravel() + offset)
    assert [found[name] for name in SCALED] == pytest.approx(expected[1:].tolist())
    assert 0.1 < found["r2_centred"] < 0.5
    assert found["corpus_r"] == pytest.approx(expected[0])


def test_the_scored_text_has_no_say_in_the_line():
    (calibration, there), (test, said) = _text(0), _text(1)
    line = fit_line(calibration, there, _pool())
    found, _ = _beside(Prediction(said, line=line), 100 - 3 * test)
    assert found["r2_centred"] < -1  # fitted here it would not be below 0


@pytest.mark.parametrize("factor", [0.01, 40.0, -1.0])
def test_another_unit_s_scale_is_taken_out_of_r2_and_its_sign_stays_in_r(factor):
    (calibration, there), (test, said) = _text(0), _text(1)
    decisions = Decisions(-650.0, 3.0)
    plain, p = _beside(
        Prediction(said, decisions, line=fit_line(calibration, there, _pool())), test
    )
    line = fit_line(calibration, factor * there, _pool())
    if factor > 0:
        decisions = Decisions(factor * -650.0, factor * 3.0)
    scaled, p_scaled = _beside(Prediction(factor * said, decisions, line=line), test)
    assert [scaled[name] for name in SCALED] == pytest.approx([plain[name] for name in SCALED])
    if factor > 0:
        assert [scaled[name] for name in OTHERS] == pytest.approx([plain[name] for name in OTHERS])
        assert p_scaled == p
    else:
        assert plain["corpus_r"] > 0.3
        assert scaled["corpus_r"] == pytest.approx(-plain["corpus_r"])
        assert scaled["auroc"] == pytest.approx(1 - plain["auroc"])


def test_without_a_line_only_what_depends_on_the_scale_is_undefined():
    actual, said = _text(1)
    found, _ = _beside(Prediction(said), actual)
    assert [found[name] for name in SCALED] == [None] * 3
    assert found["corpus_r"] > 0.3


def test_a_line_asks_for_finite_tokens_that_count():
    actual, said = _text(0)
    broken = actual.copy()
    broken[2, 3:6], broken[:, 0] = np.nan, 1e6
    line = fit_line(broken, said, _pool())
    assert line.scale == pytest.approx(fit_line(actual, said, _pool()).scale, rel=0.1)
    assert fit_line(np.full_like(actual, np.nan), said, _pool()) is None
    assert fit_line(actual, np.where(actual > 2, np.inf, said), _pool()) is None
    mean = float(actual[:, 1:].mean())
    flat = fit_line(actual, np.full_like(said, 7.0), _pool())
    assert (flat.scale, flat.offset) == (0.0, pytest.approx(mean))


def test_the_explanation_itself_is_never_put_on_a_line():
    actual, said = _text(1)
    ours = Prediction(said)
    alone = score_explanation(
        actual, ours, baselines=Baselines(None), pool=_pool(), firing=Firing(2.0)
    )
    beside = score_explanation(
        actual,
        ours,
        baselines=Baselines(None, shuffled=replace(ours, line=Linear(0.01, 7.0))),
        pool=_pool(),
        firing=Firing(2.0),
    )
    assert beside.of("r2_centred").score == alone.of("r2_centred").score
    assert beside.of("r2_centred").score.value < -100 < beside.of("r2_centred").shuffled
