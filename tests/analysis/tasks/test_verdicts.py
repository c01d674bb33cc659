"""What is said of a claim, for numbers that are written out."""

import pytest

from analysis.protocol.proofs import Estimate
from analysis.tasks.features import Sharing
from analysis.tasks.verdicts import verdict

SHARED = Sharing(n_prompts=24, n_alone=2, n_values=5)
MATTER = Estimate(value=0.41, low=0.3, high=0.5)


def between(low, high):
    return Estimate(value=(low + high) / 2, low=low, high=high)


def test_it_says_how_much_of_what_the_units_matter_is_explained():
    assert verdict(2, SHARED, MATTER, between(0.85, 0.95)) == (
        "The claim explains 0.90 [0.85, 0.95] of the 0.41 [0.30, 0.50] that these 2 units matter "
        "here: they carry that, and hardly anything else that counts."
    )


@pytest.mark.parametrize(
    ("explained", "said"),
    [
        (between(0.85, 1.2), "it carries that, and hardly anything else"),
        (between(0.4, 0.7), "part of what it carries, but not all"),
        (between(0.4, 1.1), "part of what it carries, or all"),
        (between(-0.4, 0.1), "little or nothing of what it carries"),
        (between(-0.5, 1.5), "too uncertain to tell"),
        (Estimate(value=0.9), "nothing says how surely"),
    ],
)
def test_it_claims_no_more_than_the_interval_allows(explained, said):
    assert said in verdict(1, SHARED, MATTER, explained)


@pytest.mark.parametrize(
    ("matter", "explained"),
    [
        (between(-0.1, 0.3), between(0.9, 1.1)),
        (between(0.001, 0.003), between(0.9, 1.1)),
        (Estimate(value=0.0), None),
    ],
)
def test_units_that_do_nothing_are_said_to_test_nothing(matter, explained):
    said = verdict(2, SHARED, matter, explained)
    assert said.startswith("Nothing was tested, for these 2 units do not matter here")


def test_units_that_hinder_are_said_to():
    said = verdict(1, SHARED, between(-0.5, -0.3), between(0.9, 1.1))
    assert (
        "of the \u22120.40 [\u22120.50, \u22120.30] that this unit, which hinders, matters" in said
    )


def test_a_feature_that_few_share_cannot_be_tested():
    said = verdict(1, Sharing(24, 13, 9), MATTER, between(0.9, 1.1))
    assert said.startswith("This cannot be tested here: 13 of 24 prompts share")


def test_a_feature_that_all_share_tests_nothing():
    assert "tells none of them apart" in verdict(1, Sharing(24, 0, 1), MATTER, between(0, 0.1))


def test_nothing_is_not_said_to_be_below_nothing():
    said = verdict(1, SHARED, Estimate(value=-0.001), None)
    assert "recover 0.00 more" in said
