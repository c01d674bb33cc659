"""Every predicate against values that were worked out by hand."""

import numpy as np
import pytest

from analysis.programs.parsing import parse_predicate
from analysis.programs.running import strength
from tests.analysis.programs.windows import held, reading_of

SHIPS = ["BOS", "The", " old", " ship", " and", " the", " old", " sea"]


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ('token in {" old", " sea"}', [0, 0, 1, 0, 0, 0, 1, 1]),
        ('token in {"old"}', [0] * 8),
        ('word in {"OLD"}', [0, 0, 1, 0, 0, 0, 1, 0]),
        ('word in {"the"}', [0, 1, 0, 0, 0, 1, 0, 0]),
        ('token starts " s"', [0, 0, 0, 1, 0, 0, 0, 1]),
        ('word starts "S"', [0, 0, 0, 1, 0, 0, 0, 1]),
        ('token ends "he"', [0, 1, 0, 0, 0, 1, 0, 0]),
        ('token contains "h"', [0, 1, 0, 1, 0, 1, 0, 0]),
        ("token is capitalised", [0, 1, 0, 0, 0, 0, 0, 0]),
        ("token starts word", [1, 0, 1, 1, 1, 1, 1, 1]),
        ("token matches / ?[st].*/", [0, 0, 0, 1, 0, 1, 0, 1]),
        ("word matches /[ST].*/", [0, 1, 0, 1, 0, 1, 0, 1]),
        ('token[-1] in {" old"}', [0, 0, 0, 1, 0, 0, 0, 1]),
        ('token[-3] in {"BOS"}', [0, 0, 0, 1, 0, 0, 0, 0]),
        ('token[-64] in {"BOS"}', [0] * 8),
        ('any token[-3..-1] in {" ship"}', [0, 0, 0, 0, 1, 1, 1, 0]),
        ('any token[-3..0] in {" ship"}', [0, 0, 0, 1, 1, 1, 1, 0]),
        ('any token[-64..-2] in {" old"}', [0, 0, 0, 0, 1, 1, 1, 1]),
        ('any token[-4..-4] in {"The"}', [0, 0, 0, 0, 0, 1, 0, 0]),
        ('echo in {" ship"}', [0, 0, 0, 0, 0, 0, 1, 0]),
        ('echo word in {"SHIP"}', [0, 0, 0, 0, 0, 0, 1, 0]),
        ('text ends "the old"', [0, 0, 0, 0, 0, 0, 1, 0]),
        ('text ends "e"', [0, 1, 0, 0, 0, 1, 0, 0]),
        ("position < 2", [1, 1, 0, 0, 0, 0, 0, 0]),
        ("position >= 6", [0, 0, 0, 0, 0, 0, 1, 1]),
        ("position = 3", [0, 0, 0, 1, 0, 0, 0, 0]),
        ("repeated", [0, 0, 0, 0, 0, 0, 1, 0]),
        ("repeated within 3", [0] * 8),
        ("repeated within 4", [0, 0, 0, 0, 0, 0, 1, 0]),
        ("always", [1] * 8),
        ("not position < 7", [0, 0, 0, 0, 0, 0, 0, 1]),
        ('token in {" old"} and repeated', [0, 0, 0, 0, 0, 0, 1, 0]),
        ('token in {" sea"} or position < 1', [1, 0, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_predicates_hold_where_they_say(predicate: str, expected: list[int]) -> None:
    assert held(predicate, SHIPS) == expected


def test_bigrams_that_come_again_continue() -> None:
    assert held("continues", ["a", "b", "c", "a", "b", "b", "c", "a"]) == [0, 0, 0, 0, 1, 0, 1, 1]


def test_a_token_that_follows_itself_is_its_own_echo() -> None:
    assert held('echo in {"a"}', ["a", "a", "a", "b"]) == [0, 1, 1, 0]


def test_an_echo_is_of_the_last_occurrence() -> None:
    window = ["x", "a", "x", "b", "x"]
    assert held('echo in {"a"}', window) == [0, 0, 1, 0, 0]
    assert held('echo in {"b"}', window) == [0, 0, 0, 0, 1]


def test_fading_halves_with_every_half_life() -> None:
    found = held('fading(1) token in {"a"}', ["a", "b", "b", "a", "a", "b"])
    assert found == [0, 0.5, 0.25, 0.125, 0.5625, 0.78125]


def test_fading_nears_one_where_all_of_a_long_text_passes() -> None:
    assert held('fading(4) token in {"a"}', ["a"] * 200)[-1] == pytest.approx(1, abs=1e-5)


def test_fading_over_long_windows_is_the_sum_in_the_definition() -> None:
    rng = np.random.default_rng(0)
    passes = rng.random(700) < 0.1
    found = held('fading(33) token in {"a"}', ["a" if one else "b" for one in passes])
    weights = 2.0 ** (-np.arange(700) / 33)
    whole = np.convolve(np.append(0, passes), weights)[:700] * (1 - 2 ** (-1 / 33))
    assert found == pytest.approx(whole.tolist(), abs=2e-6)


def test_fading_below_a_millionth_is_nothing() -> None:
    found = held('fading(1) token in {"a"}', ["a", *["b"] * 40])
    assert found[19] > 0
    assert found[20:] == [0] * 21


def test_strengths_multiply_and_the_larger_one_is_taken() -> None:
    window = ["a", "b", "b"]
    assert held('fading(1) token in {"a"} and token in {"b"}', window) == [0, 0.5, 0.25]
    assert held('fading(1) token in {"a"} and fading(1) token in {"a"}', window) == [
        0,
        0.25,
        0.0625,
    ]
    assert held('fading(1) token in {"a"} or position = 2', window) == [0, 0.5, 1]
    assert held('not fading(1) token in {"a"}', window) == [1, 0.5, 0.75]


def test_brackets_are_counted_and_closing_ones_without_an_opening_one_are_not() -> None:
    window = [")", "a", " (", "b", "[{", "c", "]", ")(", "d", ")))", "e", "()"]
    assert held("depth = 0", window) == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]
    assert held("depth >= 3", window) == [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert held("depth = 2", window) == [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert held("inside brackets", window) == [0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0]


def test_straight_quotes_open_and_close() -> None:
    window = ["He", ' "', "Go", "!", '"', " she", ' said, "', "No"]
    assert held("inside quotes", window) == [0, 1, 1, 1, 0, 0, 1, 1]


def test_curly_quotes_open_and_close_though_their_bytes_are_cut_into_tokens() -> None:
    window = ["a", "“", "b", "”", "c", " ⟨E2⟩⟨80⟩", "⟨9C⟩", "d", "⟨E2⟩", "⟨80⟩", "⟨9D⟩", "e"]
    assert held("inside quotes", window) == [0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0]


def test_a_new_paragraph_is_outside_quotes() -> None:
    assert held("inside quotes", ['"', "a", "\n", "b", "\n\n", "c"]) == [1, 1, 1, 1, 1, 0]
    assert held("inside quotes", ["“", "a", "\n", "  ", "\n", "c"]) == [1, 1, 1, 1, 1, 0]


def test_lines_are_code_by_their_signs() -> None:
    window = ["A", " line", ".", "\n", "x", " =", " 1", "\n", "y", "\n", "Prose", " now", "."]
    assert held("inside code", window) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    "line", ["    go", "\tgo", "def go", "  import os", "@go", "go()", "a->b", "my_name", "{"]
)
def test_what_shows_code(line: str) -> None:
    assert held("inside code", ["Prose", "\n", line, " on"]) == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "line", ["   go", "a - b", "a < b", "define", "an import", "me @ home", "(go)"]
)
def test_what_does_not_show_code(line: str) -> None:
    assert held("inside code", ["Prose", "\n", line, " on"]) == [0, 0, 0, 0]


def test_between_fences_all_is_code() -> None:
    window = [
        "Prose",
        "\n",
        "``",
        "`",
        "\n",
        "words",
        "\n",
        "more words",
        "\n",
        "```",
        "\n",
        "Prose",
    ]
    assert held("inside code", window) == [0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0]


def test_texts_end_however_they_are_cut_and_never_across_windows() -> None:
    windows = [["the United", " States"], ["the Uni", "ted", " Sta", "tes"], [" States", "!"]]
    found = held('text ends "United States"', *windows)
    assert found == [[0, 1], [0, 0, 0, 1], [0, 0]]
    assert held('text ends "é"', ["caf", "⟨C3⟩", "⟨A9⟩", "é"]) == [0, 0, 1, 1]


def test_overlapping_endings_are_all_found() -> None:
    assert held('text ends "aa"', ["a", "a", "a"]) == [0, 1, 1]


def test_tokens_that_stand_for_no_text_add_none() -> None:
    window = ["<|im_start|>", "a", "</s>", "b"]
    assert held('text ends "ab"', window) == [0, 0, 0, 1]
    assert held("inside code", window) == [0, 0, 0, 0]


def test_windows_do_not_know_each_other() -> None:
    windows = [["(", '"', "x", "="], ["a", "a", "b"], ["x"]]
    for predicate in ("repeated", "inside code", "inside quotes", "depth >= 1", 'echo in {"x"}'):
        together = held(predicate, *windows)
        assert together == [held(predicate, window) for window in windows]


@pytest.mark.parametrize("predicate", ["always", "repeated", "continues", "inside code",
    "depth > 0",    'token[-3] in {"a"}', 'any token[-9..-1] in {"a"}', 'fading(3) token in {"a"}',
    'echo in {"a"}', 'text ends "a"', "position < 3", "token starts word"])  # fmt: skip
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0), (1, 1)])
def test_there_may_be_no_windows_and_no_tokens(predicate: str, shape: tuple[int, int]) -> None:
    windows = [["a"] * shape[1]] * shape[0]
    vocabulary = reading_of(["a"]).vocabulary
    reading = reading_of(*windows, vocabulary=vocabulary)
    assert strength(parse_predicate(predicate), reading).shape == reading.shape
