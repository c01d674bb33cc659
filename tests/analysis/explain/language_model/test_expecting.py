"""Expected levels, against sums by hand."""

import math

import pytest

from analysis.assistants.asked import Alternative, Place
from analysis.explain.language_model.expecting import expected_levels


def place(text: str, **likely: float) -> Place:
    """A token with probabilities; names are written as n7 for '7'."""
    others = tuple(Alternative(name[1:], math.log(p)) for name, p in likely.items())
    chosen = next((o for o in others if o.text == text), Alternative(text, 0.0))
    return Place(chosen, others)


def spelled(*places: Place) -> list[Place]:
    return [place('{"'), *places, place("}")]


def test_a_level_is_the_mean_over_its_alternatives() -> None:
    written = spelled(place('1": '), place("7", n7=0.5, n3=0.25, n0=0.05, x_the=0.2))
    assert expected_levels([7], written) == pytest.approx([(0.5 * 7 + 0.25 * 3) / 0.8])


def test_each_level_is_found_at_its_number_also_in_fences_and_after_drafts() -> None:
    written = [
        place('```json\n{"1": 9, '),
        place('"2": '),
        place("4", n4=1.0),
        place('} or better {"1": '),
        place("2", n2=0.5, n4=0.5),
        place(', "2": '),
        place("6", n6=0.75, n2=0.25),
        place("}\n```"),
    ]
    assert expected_levels([2, 6], written) == pytest.approx([3.0, 5.0])


def test_a_level_may_share_its_token_with_what_is_around_it() -> None:
    others = (Alternative(": 7,", math.log(0.5)), Alternative(": 9,", math.log(0.5)))
    written = spelled(place('1"'), Place(others[0], others))
    assert expected_levels([7], written) == pytest.approx([8.0])


def test_ten_in_one_token_is_ten() -> None:
    written = spelled(place('1": '), place("10", n10=0.5, n1=0.5))
    assert expected_levels([10], written) == pytest.approx([5.5])


def test_ten_in_two_tokens_is_told_from_one_by_what_follows() -> None:
    written = [place('{"1": '), place("1", n1=1.0), place("0", n0=0.75, **{"x}": 0.25})]
    assert expected_levels([10], [*written, place("}")]) == pytest.approx([1 + 9 * 0.75])
    one = [place('{"1": '), place("1", n1=0.5, n3=0.5), place("}", **{"x}": 0.75, "x0": 0.25})]
    assert expected_levels([1], one) == pytest.approx([(1 + 9 * 0.25 + 3) / 2])


def test_what_follows_a_level_says_nothing_of_one_that_was_not_written() -> None:
    written = [place('{"1": '), place("3", n3=0.5, n1=0.5), place("}", **{"x}": 0.5, "x0": 0.5})]
    assert expected_levels([3], written) == pytest.approx([2.0])


def test_numbers_that_are_no_levels_count_for_nothing() -> None:
    written = spelled(place('1": '), place("5", n5=0.5, n50=0.25, n99=0.25))
    assert expected_levels([5], written) == pytest.approx([5.0])


def test_without_probabilities_or_where_the_tokens_spell_something_else_there_is_nothing() -> None:
    assert expected_levels([7], []) is None
    assert expected_levels([7], spelled(place('1": '), place("6", n6=1.0))) is None
    assert expected_levels([7, 7], spelled(place('1": '), place("7", n7=1.0))) is None
