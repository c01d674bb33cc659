"""Control, by hand: which of the named tokens rose and fell as was said."""

import numpy as np
import pytest

from analysis.causal.moves import moved
from analysis.score import control
from analysis.score.control import Forecast, score_control
from tests.analysis.score.pools import pool_of

N_VOCAB = 100
RISERS, FALLERS = tuple(range(10)), tuple(range(99, 89, -1))
SAID = Forecast(RISERS, FALLERS)


def changes(*, up=RISERS, down=FALLERS, n_windows=8, scale=1.0):
    """Two places a window; `up` rise by 2 each, `down` fall by 2, the others hardly move."""
    found = np.tile(np.linspace(0.01, -0.01, N_VOCAB, dtype=np.float32), (n_windows, 1))
    found[:, list(up)] = 4 * scale
    found[:, list(down)] = -4 * scale
    return found


def scored(own, *others, forecast=SAID, n_windows=8):
    pool = pool_of(n_windows, 6)
    own, *panel = (moved(one, np.full(n_windows, 2), pool) for one in (own, *others))
    return score_control(own, panel, forecast=forecast, pool=pool)


def test_a_prediction_that_comes_true_has_precision_and_agreement_one():
    found = scored(changes())
    assert (found.precision.score.value, found.sign.score.value) == (1.0, 1.0)
    assert (found.precision.score.low, found.precision.score.high) == (1.0, 1.0)
    assert found.changes == (2.0,) * 10 + (-2.0,) * 10


def test_the_share_of_named_tokens_among_the_ten_that_moved_most():
    """Of the ten risers four are among the ten, of the fallers all ten."""
    found = scored(changes(up=(0, 1, 2, 3, 50, 51, 52, 53, 54, 55)))
    assert found.precision.score.value == pytest.approx(14 / 20)
    assert found.sign.score.value == 1.0  # the others of the named rose, if by little


def test_a_prediction_the_wrong_way_round_agrees_with_nothing():
    found = scored(changes(up=FALLERS, down=RISERS))
    assert (found.precision.score.value, found.sign.score.value) == (0.0, 0.0)


def test_beside_it_stands_the_same_prediction_under_random_units_moves():
    found = scored(changes(), changes(up=(0, 40, 41), down=()))
    assert found.precision.foil == pytest.approx((8 + 10) / 20)
    found = scored(changes(), -changes(), changes())
    assert (found.precision.foil, found.sign.foil) == (0.5, 0.5)
    assert found.others == (0.0,) * 20


def test_more_than_other_units_do_is_a_difference_with_its_own_interval():
    found = scored(changes(), -changes(), -changes(scale=2.0))
    assert found.precision.difference.value == 1.0
    assert (found.precision.difference.low, found.precision.difference.high) == (1.0, 1.0)
    moved_now_and_then = changes()
    moved_now_and_then[:4] *= -1.3
    found = scored(moved_now_and_then, -moved_now_and_then)
    assert found.sign.difference.low < 0 < found.sign.difference.high


@pytest.mark.parametrize(("n_as_good", "p"), [(0, 1 / 5), (1, 2 / 5), (4, 1.0)])
def test_p_is_the_share_of_units_that_do_as_well(n_as_good, p):
    others = [changes()] * n_as_good + [-changes()] * (4 - n_as_good)
    found = scored(changes(), *others)
    assert (found.precision.p, found.sign.p) == pytest.approx((p, p))


def test_without_other_units_nothing_is_said_of_chance():
    found = scored(changes())
    assert (found.precision.foil, found.precision.p) == (None, None)
    assert found.precision.difference.value is None
    assert found.others is None


def test_documents_that_disagree_make_the_interval_wide():
    now_and_then = changes()
    now_and_then[:3] *= -1.3
    found = scored(now_and_then)
    assert found.sign.score.value == 1.0
    assert found.sign.score.low == 0.0


def test_resamples_count_ranks_among_all_tokens_and_not_among_those_that_lead_overall():
    """Tokens that lead in one document only can push a named one out where it is drawn often."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(8, N_VOCAB)).astype(np.float32)
    pool = pool_of(8, 6)
    own = moved(noise, np.full(8, 2), pool)
    found = score_control(own, [], forecast=SAID, pool=pool)
    hits = []
    for draw in pool.draws:
        mean = draw @ noise
        top, bottom = np.argsort(-mean)[:10], np.argsort(mean)[:10]
        hits.append((np.isin(RISERS, top).sum() + np.isin(FALLERS, bottom).sum()) / 20)
    replicates = control._resampled(own, SAID, pool)
    np.testing.assert_allclose(replicates.replicates[:, 0], hits)
    assert found.precision.score.low <= found.precision.score.value <= found.precision.score.high


def test_nothing_named_and_nothing_moved_are_no_zero():
    empty = scored(changes(), forecast=Forecast((), ()))
    assert (empty.precision.score.value, empty.precision.reason) == (None, control.NOTHING_NAMED)
    still = scored(np.zeros((8, N_VOCAB), np.float32))
    assert (still.sign.score.value, still.sign.reason) == (None, control.NOTHING_MOVED)
