import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.score import auroc as module
from analysis.score.auroc import auroc, score_auroc
from analysis.score.tails import Firing
from analysis.score.units import Prediction, take_target
from tests.analysis.score.pools import pool_of


def _by_pairs(firing, quiet):
    wins = np.sign(firing[:, None] - quiet[None]) / 2 + 0.5
    return wins.mean(dtype=np.float64)


def test_pairs_won_by_hand():
    # 3 beats all of 0, 1, 2; 1 beats 0, ties with 1, loses to 2.
    assert auroc(np.array([3.0, 1]), np.array([0.0, 1, 2])) == pytest.approx((3 + 1.5) / 6)


def test_a_constant_prediction_wins_half():
    assert auroc(np.zeros(3), np.zeros(5)) == 0.5


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=20),
    st.lists(st.integers(0, 6), min_size=1, max_size=20),
)
def test_it_is_the_share_of_all_pairs(firing, quiet):
    firing, quiet = np.array(firing, np.float32), np.array(quiet, np.float32)
    assert auroc(firing, quiet) == pytest.approx(_by_pairs(firing, quiet))


@pytest.mark.parametrize(("most_edges", "within"), [(256, 1e-12), (8, 0.03)])
def test_a_resample_is_what_repeating_documents_would_give(monkeypatch, most_edges, within):
    monkeypatch.setattr(module, "MOST_EDGES", most_edges)
    rng = np.random.default_rng(0)
    actual = rng.normal(size=(12, 40))
    predicted = np.round(actual + rng.normal(size=actual.shape), 1).astype(np.float32)
    documents = np.arange(12) // 3
    pool = pool_of(12, 40, documents=documents, replicates=25)
    target = take_target(actual, pool, firing=Firing(1.0))
    found = score_auroc(target, Prediction(predicted), pool.draws)
    for draw, replicate in zip(pool.draws, found.replicates[:, 0], strict=True):
        rows = np.repeat(np.arange(12), draw[documents].astype(int))
        fires = actual[rows] > 1.0
        true = _by_pairs(predicted[rows][fires], predicted[rows][~fires])
        assert replicate == pytest.approx(true, abs=within)


@pytest.mark.parametrize(("firing", "reason"), [(9.0, "no token fires"), (-9.0, "every token")])
def test_it_is_undefined_where_one_side_is_empty(firing, reason):
    pool = pool_of(3, 4)
    target = take_target(np.ones((3, 4)), pool, firing=Firing(firing))
    found = score_auroc(target, Prediction(np.ones((3, 4))), pool.draws)
    assert np.isnan(found.values).all()
    assert found.reasons[0].startswith(reason)
