import math
from dataclasses import replace

import pytest
from hypothesis import given

from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.parsing import parse_program
from analysis.programs.program import And, Program
from tests.analysis.programs.programs import programs

VOCABULARY = 1024
KIND, TEST = math.log2(14), math.log2(6) + 1


@pytest.mark.parametrize(
    ("source", "bits"),
    [
        # mode, base level, no rules, no tables
        ("otherwise 1", 1 + 8 + 1 + 1),
        # one rule costs 3 instead of 1 to count; its kind, its test, two tokens of 10 bits
        ('when token in {"a", "b"} -> 1', 13 + KIND + 1 + TEST + 3 + 2 * 10 + 8),
        ('when token[-1] in {"a"} -> 1', 13 + KIND + 3 + TEST + 3 + 10 + 8),
        ('when token starts "é" -> 1', 13 + KIND + 1 + TEST + math.log2(3) + 3 + 16 + 8),
        ("when not always -> 1", 13 + 2 * KIND + 8),
        ("when position < 3 -> 1", 13 + KIND + math.log2(5) + 5 + 8),
        ('table token[-1] {"a": 1, "b": 2}', 13 + 3 + 3 + 2 * 18),
    ],
)
def test_bits_by_hand(source: str, bits: float) -> None:
    assert bits_of(parse_program(source), VOCABULARY) == pytest.approx(bits)


def test_a_sentence_costs_by_the_character() -> None:
    assert bits_of_text("") == 1
    assert bits_of_text("months") == pytest.approx(5 + 6 * 2.3)


@given(programs(), programs())
def test_more_is_never_shorter(one: Program, other: Program) -> None:
    bits = bits_of(one, VOCABULARY)
    for rule in other.rules:
        longer = replace(one, rules=(*one.rules, rule))
        assert bits_of(longer, VOCABULARY) > bits
        twice = replace(rule, predicate=And((rule.predicate, rule.predicate)))
        assert bits_of(replace(one, rules=(*one.rules, twice)), VOCABULARY) > bits_of(
            longer, VOCABULARY
        )
    for table in other.tables:
        assert bits_of(replace(one, tables=(*one.tables, table)), VOCABULARY) > bits


def test_rules_and_listed_texts_are_counted() -> None:
    program = parse_program(
        """
        when token in {"a", "b"} and not token[-1] near {"c"} first 50 -> 1
        when text ends "d" or word starts "e" or token matches /f/ or token is upper -> 1
        table token {"g": 1, "h": 2}
        """
    )
    assert n_rules(program) == 3
    assert n_listed(program) == 8
