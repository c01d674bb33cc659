import pytest
from hypothesis import given

from analysis.programs.english import in_english, rules_in_english, tables_in_english
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from tests.analysis.programs.programs import programs

MONTHS = '{" January", " February", " March", " April", " May", " June"}'


@pytest.mark.parametrize(
    ("predicate", "english"),
    [
        ('token in {" a"}', "On “ a”"),
        ('token in {" a", " b", "\\n"}', "On “ a”, “ b” and “↵”"),
        ('word in {"king", "queen"}', "On “king” and “queen” (any case)"),
        ('word starts "un"', "On words starting with “un” (any case)"),
        ('token ends "ing"', "On tokens ending in “ing”"),
        ("token is number", "On numbers"),
        ("token starts word", "On tokens that begin a word"),
        ("token matches /a+/", "On tokens matching /a+/"),
        ('token near {" ship"} first 64', "On the 64 tokens most like “ ship”"),
        ('token[-1] in {" a", " b"}', "After “ a” or “ b”"),
        ("token[-3] is punctuation", "Three tokens after punctuation"),
        ('any token[-8..-1] in {" a"}', "With “ a” among the eight tokens before"),
        ('any token[-12..0] in {" a"}', "With “ a” among this token and the 12 before"),
        ('any token[-5..-3] in {" a"}', "With “ a” among the tokens three to five before"),
        ('any token[-2..-2] in {" a"}', "Two tokens after “ a”"),
        (
            "fading(8) token is number",
            "In text rich in numbers (fading by half every eight tokens)",
        ),
        ('echo in {" of"}', "Where “ of” followed this token the last time"),
        ('text ends "United States"', "Where the text so far ends in “United States”"),
        ("position = 0", "On the window's first token"),
        ("position < 4", "In the window's first four tokens"),
        ("position >= 20", "After the window's first 20 tokens"),
        ("depth >= 1", "Inside brackets"),
        ("depth = 0", "Outside brackets"),
        ("depth > 1", "Inside at least two pairs of brackets"),
        ("inside quotes", "Inside quotes"),
        ("repeated", "On tokens that occurred earlier"),
        ("repeated within 32", "On tokens that occurred among the 32 tokens before"),
        ("continues", "Where a pair of tokens is repeated"),
        ("always", "Everywhere"),
        ('not token in {" a"}', "Everywhere except on “ a”"),
        ("not inside code", "Outside code"),
        ("not repeated", "On tokens that are new to the text"),
        ("token is lower and not repeated", "On lower-case words that are new to the text"),
        ("not position < 4", "After the window's first four tokens"),
        ('not any token[-8..-1] in {" a"}', "Without “ a” among the eight tokens before"),
        ('token in {" king"} and token[-1] in {" the"}', "On “ king” after “ the”"),
        ('inside quotes and token[-1] in {" a"}', "After “ a” and inside quotes"),
        ('token is lower and token ends "ing"', "On lower-case words ending in “ing”"),
        ('token is lower and not token in {" a"}', "On lower-case words, except on “ a”"),
        (
            "token is number and (inside code or depth > 0)",
            "On numbers either inside code or inside brackets",
        ),
        ('token in {" a"} or inside quotes', "On “ a” or inside quotes"),
    ],
)  # fmt: skip
def test_every_predicate_has_its_phrase(predicate: str, english: str) -> None:
    assert rules_in_english(parse_program(f"when {predicate} -> 1")) == [english]


@pytest.mark.parametrize(
    ("source", "english"),
    [
        (
            f"when token in {MONTHS} -> 2",
            "Fires on “ January”, “ February”, “ March”, “ April” and 2 more.",
        ),
        (
            'when token is number -> 1 when token in {" a"} -> 2 when always -> -1',
            "Fires most on “ a”; also on numbers. Falls below its usual level everywhere.",
        ),
        (
            "".join(f'when token in {{"{n}"}} -> {n}\n' for n in range(1, 9)),
            "Fires most on “8”; also on “7”; on “6”; and under 5 weaker rules.",
        ),
        (
            "".join(f'when token in {{"{n}"}} -> -{n}\n' for n in range(1, 5)),
            "Falls below its usual level most on “4”; also on “3”; and under 2 weaker rules.",
        ),
        (
            'first when token in {"\\n"} -> 2 when inside code -> -1 otherwise 0.5',
            "Predicts 2 on “↵”; failing that, −1 inside code; elsewhere 0.5.",
        ),
        (
            'table token {" a": 3, " b": 2, " c": -1}',
            "A level for each of 3 tokens, by the token: highest for “ a” and “ b”, "
            "lowest for “ c”.",
        ),
        (
            'when token in {" a"} -> 1 table token[-1] {" a": 3, " b": 2}',
            "Fires on “ a”, besides what a table of 2 tokens adds.",
        ),
        ("otherwise -0.25", "Predicts −0.25 everywhere."),
        ("when always -> 0 otherwise 1", "Predicts 1 everywhere."),
        ("table token {}", "Predicts 0 everywhere."),
    ],
)  # fmt: skip
def test_a_program_takes_two_sentences(source: str, english: str) -> None:
    assert in_english(parse_program(source)) == english


def test_where_each_rule_has_its_line_all_tokens_are_named() -> None:
    assert rules_in_english(parse_program(f"when token in {MONTHS} -> 2")) == [
        "On “ January”, “ February”, “ March”, “ April”, “ May” and “ June”"
    ]


def test_long_texts_are_cut_and_invisible_letters_shown() -> None:
    program = parse_program(f'when token in {{"{"x" * 100}", "\\u200b"}} -> 1')
    assert rules_in_english(program) == [f"On “{'x' * 40}…” and “⟨U+200B⟩”"]


def test_tables_are_told_by_their_highest_and_lowest_tokens() -> None:
    program = parse_program('table token[-2] {" a": 3, " b": 0}')
    assert tables_in_english(program) == [
        "A level for each of 2 tokens, by the token two places before: highest for “ a”"
    ]


@given(programs())
def test_every_program_can_be_said(program: Program) -> None:
    said = in_english(program)
    assert said.endswith(".")
    assert said[0].isupper()
    assert len(rules_in_english(program)) == len(program.rules)
    assert len(tables_in_english(program)) == len(program.tables)
