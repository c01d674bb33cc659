"""Ablation to simulation and replacement, computed by hand on a few windows."""

import numpy as np
import pytest

from analysis.score import causal
from analysis.score.causal import Effects, score_effects
from tests.analysis.score.pools import pool_of


def effects(n_windows=8, *, divergence, loss, clean=2.0):
    """Four places a window; the same in every window, but for what is a list."""

    def each(value):
        return np.broadcast_to(np.array(value, np.float64), (n_windows,)).copy()

    return Effects(
        n_places=np.full(n_windows, 4),
        clean_loss=each(clean),
        divergence={name: each(value) for name, value in divergence.items()},
        loss={name: each(value) for name, value in loss.items()},
    )


def test_the_share_of_the_means_divergence_that_the_program_avoids():
    found = score_effects(
        effects(
            divergence={"program": 0.25, "mean": 1.0, "foil": 0.75, "lookup_cut": 0.5},
            loss={"program": 2.1, "mean": 3.0, "foil": 2.8, "lookup_cut": 2.5},
        ),
        pool_of(8, 6),
    )
    one = found.simulation
    assert one.score.value == pytest.approx(0.75)
    assert (one.foil, one.lookup_cut) == (pytest.approx(0.25), pytest.approx(0.5))
    assert one.difference.value == pytest.approx(0.5)
    assert (one.difference.low, one.difference.high) == (pytest.approx(0.5), pytest.approx(0.5))
    two = found.replacement
    assert two.score.value == pytest.approx(0.9)
    assert (two.foil, two.lookup_cut) == (pytest.approx(0.2), pytest.approx(0.5))
    assert found.mean_loss.value == pytest.approx(0.25)  # a nat over four places


def test_sums_are_divided_and_not_ratios_averaged():
    found = score_effects(
        effects(
            divergence={"program": [1.0] + 7 * [0.0], "mean": [1.0] + 7 * [3.0]},
            loss={"program": 2.0, "mean": 3.0},
        ),
        pool_of(8, 6),
    )
    assert found.simulation.score.value == pytest.approx(1 - 1 / 22)


def test_intervals_are_of_documents_and_paired():
    """The program is better than the foil by as much in every document, however they differ."""
    size = np.arange(1.0, 9.0)
    found = score_effects(
        effects(
            divergence={"program": 0.2 * size, "mean": size, "foil": 0.3 * size},
            loss={"program": 2.0, "mean": 3.0},
        ),
        pool_of(8, 6),
    )
    difference = found.simulation.difference
    assert (difference.low, difference.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_without_loss_from_the_mean_replacement_is_undefined_and_not_zero():
    found = score_effects(
        effects(
            divergence={"program": 0.25, "mean": 1.0},
            loss={"program": 2.1, "mean": [1.0, 3.0] * 4},
        ),
        pool_of(8, 6),
    )
    assert found.replacement.score.value is None
    assert found.replacement.reason == causal.NO_GAP
    assert found.simulation.score.value == pytest.approx(0.75)


def test_where_the_mean_saves_loss_there_is_none_to_recover():
    found = score_effects(
        effects(divergence={"program": 0.25, "mean": 1.0}, loss={"program": 2.1, "mean": 1.0}),
        pool_of(8, 6),
    )
    assert (found.replacement.score.value, found.replacement.reason) == (None, causal.NO_COST)
    assert found.mean_loss.value < 0


def test_a_model_without_a_loss_has_ablation_to_simulation_alone():
    found = score_effects(
        effects(
            divergence={"program": 0.25, "mean": 1.0},
            loss={"program": np.nan, "mean": np.nan},
            clean=np.nan,
        ),
        pool_of(8, 6),
    )
    assert found.replacement.reason == causal.NO_LOSS
    assert found.simulation.score.value == pytest.approx(0.75)


def test_a_unit_whose_mean_changes_nothing_has_no_score():
    found = score_effects(
        effects(divergence={"program": 1e-13, "mean": 1e-12}, loss={"program": 2.0, "mean": 2.0}),
        pool_of(8, 6),
    )
    assert found.simulation.score.value is None
    assert found.simulation.reason == causal.NO_EFFECT


def test_few_documents_give_a_value_without_an_interval_and_no_replacement():
    found = score_effects(
        effects(4, divergence={"program": 0.25, "mean": 1.0}, loss={"program": 2.1, "mean": 3.0}),
        pool_of(4, 6),
    )
    assert found.simulation.score.value == pytest.approx(0.75)
    assert found.simulation.score.low is None
    assert "fewer than 6 documents" in found.simulation.reason
    assert found.replacement.score.value is None
    assert "fewer than 6 documents" in found.replacement.reason


def test_where_another_explanation_is_missing_there_is_no_difference_and_no_zero():
    found = score_effects(
        effects(divergence={"program": 0.25, "mean": 1.0}, loss={"program": 2.1, "mean": 3.0}),
        pool_of(8, 6),
    )
    assert (found.simulation.foil, found.simulation.difference.value) == (None, None)
