"""What a badge says: earned, refuted, or that the border lies in the interval."""

import pytest

from analysis.score.badges import beside, controls, predicts, replaces, survived


@pytest.mark.parametrize(
    ("interval", "border", "standing"),
    [
        ((0.11, 0.3), 0.1, "earned"),
        ((0.1, 0.3), 0.1, "undecided"),
        ((-0.2, 0.3), 0.1, "undecided"),
        ((-0.2, 0.1), 0.1, "refuted"),
        ((0.0, 0.0), 0.0, "refuted"),
        ((None, None), 0.1, "undecided"),
        ((0.2, 0.3), None, "undecided"),
    ],
)
def test_an_interval_is_above_its_border_below_it_or_has_it_inside(interval, border, standing):
    assert beside(interval, border) == standing


def test_an_explanation_predicts_where_it_is_above_zero_and_above_others():
    assert predicts((0.3, 0.5), 0.1, 0.01) == "earned"
    assert predicts((0.3, 0.5), 0.4, 0.01) == "undecided"
    assert predicts((0.3, 0.5), 0.6, 0.01) == "refuted"
    assert predicts((-0.3, -0.1), -0.5, 0.01) == "refuted"


def test_what_is_above_others_by_luck_is_undecided():
    assert predicts((0.3, 0.5), 0.1, 0.2) == "undecided"
    assert survived((0.3, 0.5), 0.1, 0.2) is False


def test_without_a_baseline_nothing_is_survived_and_nothing_decided():
    assert survived((0.3, 0.5), None, None) is None
    assert predicts((0.3, 0.5), None, None) == "undecided"


def test_what_replaces_its_unit_must_beat_the_mean_and_anothers_explanation():
    assert replaces((0.2, 0.6), (0.1, 0.3)) == "earned"
    assert replaces((0.2, 0.6), (-0.1, 0.3)) == "undecided"
    assert replaces((0.2, 0.6), (-0.3, -0.1)) == "refuted"
    assert replaces((-0.2, 0.6), (0.1, 0.3)) == "undecided"
    assert replaces((0.2, 0.6), (None, None)) == "undecided"


def test_control_needs_the_ranks_and_the_signs():
    more, perhaps, less, unknown = (0.2, 0.6), (-0.1, 0.6), (-0.3, 0.0), (None, None)
    luck, none = (0.04, 0.04), (None, None)
    assert controls((0.9, 1.0), (more, more), luck) == "earned"
    assert controls((0.9, 1.0), (more, perhaps), luck) == "undecided"
    assert controls((0.9, 1.0), (less, more), luck) == "refuted"
    assert controls((0.9, 1.0), (unknown, unknown), none) == "undecided"


def test_control_needs_signs_that_beat_a_coin_and_other_units_that_do_worse():
    more = (0.2, 0.6)
    assert controls((0.4, 1.0), (more, more), (0.04, 0.04)) == "undecided"
    assert controls((0.2, 0.5), (more, more), (0.04, 0.04)) == "refuted"
    assert controls((0.9, 1.0), (more, more), (0.04, 0.1)) == "undecided"
    assert controls((0.9, 1.0), (more, more), (None, None)) == "undecided"
    assert controls((0.2, 0.4), (more, more), (0.5, 0.5)) == "refuted"
