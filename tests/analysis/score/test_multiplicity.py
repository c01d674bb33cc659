import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.score.multiplicity import RATE, q_values


def test_q_values_by_hand():
    # Of p_(k)·4/k = .04, .04, .04, .5: the least of itself and all later ones.
    q = q_values(np.array([0.5, 0.01, 0.03, 0.02]))
    assert q == pytest.approx([0.5, 0.04, 0.04, 0.04])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_what_is_found_is_what_the_step_up_procedure_finds(p):
    p = np.array(p)
    ordered = np.sort(p)
    reached = np.flatnonzero(ordered <= RATE * np.arange(1, len(p) + 1) / len(p) * (1 + 1e-12))
    found = q_values(p) <= RATE * (1 + 1e-12)
    assert found.sum() == (p <= ordered[reached[-1]]).sum() if len(reached) else not found.any()


def test_the_undefined_still_were_tested():
    q = q_values(np.array([0.01, np.nan, np.nan, np.nan]))
    assert q[0] == pytest.approx(0.04)
    assert np.isnan(q[1:]).all()


def test_no_units_no_q():
    assert q_values(np.zeros(0)).tolist() == []


def test_few_of_the_found_are_false():
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(200):
        p = rng.random(100)
        p[:30] = rng.random(30) * 1e-3
        found = q_values(p) <= RATE
        rates.append(found[30:].sum() / max(1, found.sum()))
        assert found[:30].all()
    assert np.mean(rates) < 0.05
