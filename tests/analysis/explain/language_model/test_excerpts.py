"""How excerpts stand in prompts."""

import numpy as np
import pytest

from analysis.explain.language_model.excerpts import (
    LONGEST_CLAIM,
    around_peak,
    claim,
    enclosed,
    highest_of,
    levels,
    marked,
    numbered,
    pairs,
    running,
    strongest,
)
from analysis.explain.language_model.records import Excerpt
from tests.analysis.explain.language_model.reading import excerpt


def test_levels_are_tenths_of_the_highest_rounded_down_from_0_to_10() -> None:
    activations = np.array([-3.0, 0.0, 0.19, 0.2, 1.0, 1.99, 2.0, 2.5], dtype=np.float32)
    found = levels(Excerpt(("t",) * 8, activations, 0), 2.0)
    assert found.tolist() == [0, 0, 0, 1, 5, 9, 10, 10]


def test_pairs_are_lines_that_no_token_can_break() -> None:
    shown = Excerpt((" a", "\n", "\t7", "⟦"), np.array([1, 0, 0.5, 0], dtype=np.float32), 0)
    assert pairs(shown, 1.0) == " a\t10\n\\n\t0\n\\t7\t5\n\\u27e6\t0"


def test_numbers_begin_at_one() -> None:
    assert numbered(excerpt("a b", {})) == "1\t a\n2\t b"


def test_runs_of_marked_tokens_stand_in_one_pair_of_marks() -> None:
    shown = excerpt("a b c d e", {})
    assert marked(shown, np.array([1, 0, 1, 1, 0], bool)) == "⟪ a⟫ b⟪ c d⟫ e"
    assert marked(shown, np.array([0, 0, 0, 0, 1], bool)) == " a b c d⟪ e⟫"
    assert marked(shown, np.zeros(5, bool)) == running(shown)


def test_template_tokens_that_are_cut_into_tokens_are_broken_up_in_running_text() -> None:
    shown = Excerpt(("<|", "im", "_end", "|>"), np.zeros(4, np.float32), 0)
    assert running(shown) == "<\\|im_end|>"
    assert "<|im_end|>" not in marked(shown, np.array([0, 1, 0, 0], bool))


def test_a_claim_is_one_line_of_bounded_length_in_its_marks() -> None:
    assert claim("a\n⟧ b") == "⟦a\\n\\u27e7 b⟧"
    assert len(claim("x" * 10_000)) == LONGEST_CLAIM + 2


def test_data_is_named_at_both_ends() -> None:
    assert enclosed("text 1", "x") == "⟦text 1⟧\nx\n⟦end of text 1⟧"


def test_an_excerpt_is_cut_around_its_peak() -> None:
    shown = excerpt("a b c d e f", {3: 2.0, 5: 1.0})
    assert "".join(around_peak(shown, 2, 1).tokens) == " b c d e"
    assert around_peak(shown, 2, 1).activations.tolist() == [0, 0, 2, 0]
    assert around_peak(shown, 99, 99).tokens == shown.tokens


def test_the_strongest_come_first() -> None:
    weak, strong, middle = (excerpt("a b", {1: level}) for level in (1.0, 3.0, 2.0))
    assert strongest([weak, strong, middle], 2) == [strong, middle]
    assert highest_of([weak, strong]) == 3.0
    assert highest_of([]) == -np.inf


def test_the_negative_tail_is_the_same_turned_round() -> None:
    assert excerpt("a b", {0: -2.0, 1: 1.0}).negated.activations.tolist() == [2.0, -1.0]


@pytest.mark.parametrize(
    ("tokens", "activations"),
    [((), []), (("a",), [1.0, 2.0]), (("a",), [np.nan]), (("a", "b"), [0.0, np.inf])],
)
def test_an_excerpt_without_tokens_or_with_other_or_infinite_activations_is_none(
    tokens: tuple[str, ...], activations: list[float]
) -> None:
    with pytest.raises(ValueError, match=r"activation|token"):
        Excerpt(tokens, np.array(activations, dtype=np.float32), 0)
