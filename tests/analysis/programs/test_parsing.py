import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.programs import cursor, lexing
from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_predicate, parse_program
from analysis.programs.program import (
    Affix,
    And,
    AnyOf,
    At,
    DepthIs,
    Echo,
    Fading,
    HasShape,
    Inside,
    Matches,
    Near,
    Not,
    OneOf,
    Or,
    PositionIs,
    Program,
    Repeated,
    Rule,
    StartsWord,
    Table,
    TextEnds,
)

NUMBER = HasShape("number")


def error_of(source: str) -> ProgramError:
    with pytest.raises(ProgramError) as caught:
        parse_program(source)
    return caught.value


def test_a_program_has_mode_rules_tables_and_base() -> None:
    source = """
    first  # of the rules that hold
    when token in {" a", "b"} -> 2.4
    when always -> -1e-3
    otherwise .5
    """
    rules = (Rule(At(0, OneOf((" a", "b"))), 2.4), Rule(parse_predicate("always"), -0.001))
    assert parse_program(source) == Program(0.5, rules, mode="first")


def test_tables_list_tokens_with_levels() -> None:
    program = parse_program('table token[-1] {" the": 0.3, " a": -0.1,}\ntable token {}')
    assert program.tables == (Table(1, ((" the", 0.3), (" a", -0.1))), Table(0, ()))


def test_what_is_left_out_is_sum_and_zero() -> None:
    assert parse_program("when always -> 1") == parse_program("sum when always -> 1 otherwise 0")


@pytest.mark.parametrize(
    ("source", "predicate"),
    [
        ("token is number", At(0, NUMBER)),
        ("token[0] is number", At(0, NUMBER)),
        ("token[-3] is number", At(3, NUMBER)),
        ('word in {"a"}', At(0, OneOf(("a",), folded=True))),
        ('word starts "a"', At(0, Affix("starts", "a", folded=True))),
        ('token ends "a"', At(0, Affix("ends", "a"))),
        ('token contains "a"', At(0, Affix("contains", "a"))),
        ("token starts word", At(0, StartsWord())),
        ("token matches /a\\/b|\\d/", At(0, Matches("a/b|\\d"))),
        ("word matches /a/", At(0, Matches("a", folded=True))),
        ('token near {" a"} first 64', At(0, Near((" a",), 64))),
        ("any token[-8..-1] is number", AnyOf(8, 1, NUMBER)),
        ('any word[-2..0] in {"a"}', AnyOf(2, 0, OneOf(("a",), folded=True))),
        ("fading(8) token is number", Fading(8, NUMBER)),
        ("echo is number", Echo(NUMBER)),
        ("echo token is number", Echo(NUMBER)),
        ('echo word in {"a"}', Echo(OneOf(("a",), folded=True))),
        ('text ends "a b"', TextEnds("a b")),
        ("position<4", PositionIs("<", 4)),
        ("depth >= 1", DepthIs(">=", 1)),
        ("inside quotes", Inside("quotes")),
        ("repeated", Repeated()),
        ("repeated within 32", Repeated(32)),
    ],
)
def test_every_predicate_is_read(source: str, predicate: object) -> None:
    assert parse_predicate(source) == predicate


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (parse_predicate(source) for source in ("always", "continues", "repeated"))
    assert parse_predicate("always or continues and repeated") == Or((a, And((b, c))))
    assert parse_predicate("(always or continues) and repeated") == And((Or((a, b)), c))
    assert parse_predicate("not always and continues") == And((Not(a), b))
    assert parse_predicate("not (always and continues)") == Not(And((a, b)))
    assert parse_predicate("always and continues and repeated") == And((a, b, c))


def test_texts_know_escapes() -> None:
    text = r'"\"\\\n\t\r\u00e9\u{1F600}#{}->"'
    assert parse_predicate(f"text ends {text}") == TextEnds('"\\\n\t\ré😀#{}->')


@pytest.mark.parametrize(
    ("source", "place", "words", "hint"),
    [
        ("when tokn is number -> 1", (1, 6), "expected a predicate, found tokn", "`token`"),
        ("sum\nwhen token stars {} -> 1", (2, 12), "expected in, starts", "`starts`"),
        ("when token is upercase -> 1", (1, 15), "a shape: lower", "`upper`"),
        ("wen token is upper -> 1", (1, 1), "expected when, table or otherwise", "`when`"),
        ('when token in {" a" " b"} -> 1', (1, 21), "expected , or }, found", None),
        ('when token in {" a"} 1', (1, 22), "expected -> and a level, found 1", None),
        ('when token in {" a"} -> x', (1, 25), "expected a level", None),
        ('when token in {" a"} -> nan', (1, 25), "nan is no level", None),
        ('when token in {" a"} -> inf', (1, 25), "inf is no level", None),
        ('when token in {" a"} -> 1e999', (1, 25), "too large a level", None),
        ('when token in {" a"} -> 2e15', (1, 25), "too large a level", None),
        ("when token in {} -> 1", (1, 16), "expected a token in quotes, found }", None),
        ('when token in {""} -> 1', (1, 16), "a text without a character", None),
        ('when token in {" a} -> 1', (1, 16), "a text that is not closed", "\\n for a line break"),
        ("when token in {“a”} -> 1", (1, 16), "where a quote should be", "straight"),
        ('when text ends "\\q" -> 1', (1, 17), "\\q stands for nothing", "Known are"),
        ('when text ends "\\u{110000}" -> 1', (1, 17), "no character", None),
        ('when text ends "\\ud800" -> 1', (1, 16), "half a character", "⟨E2⟩"),
        ("when token[1] is upper -> 1", (1, 12), "1 looks ahead", "up to this one"),
        ("when token[-65] is upper -> 1", (1, 12), "out of range", None),
        ("when token[-1.5] is upper -> 1", (1, 12), "a whole number", None),
        ("when any token[-1..-8] is upper -> 1", (1, 20), "from the earlier one", None),
        ("when fading(0) token is upper -> 1", (1, 13), "between 1 and 1024", None),
        ("when repeated within 0 -> 1", (1, 22), "between 1 and 4096", None),
        ("when word is upper -> 1", (1, 11), "`word is` means nothing", "`token`"),
        ("when inside house -> 1", (1, 13), "quotes, brackets or code", None),
        ("when position ~ 3 -> 1", (1, 15), "~ has no meaning here", None),
        ("when position -> 1", (1, 15), "expected <, <=, =, >= or >", None),
        ("when token matches /(a/ -> 1", (1, 20), "a group without its )", "regular expr"),
        ("when token matches /a -> 1", (1, 20), "not closed in its line", None),
        ("when token near {\"a\"} first 0 -> 1", (1, 29), "between 1 and 8192", None),
        ("otherwise 1\nwhen always -> 1", (2, 1), "nothing after `otherwise`", None),
        ("when always ->", (1, 15), "found the end of the program", None),
        ("first\ntable token {}", (2, 1), "a table in a program that takes the `first`", None),
        ("when always -> 1\n\n  §", (3, 3), "§ has no meaning here", None),
        ("import os", (1, 1), "expected when, table or otherwise, found import", None),
    ],
)  # fmt: skip
def test_errors_say_where_and_what(
    source: str, place: tuple[int, int], words: str, hint: str | None
) -> None:
    error = error_of(source)
    assert (error.place.line, error.place.column) == place
    assert words in error.detail
    assert hint is None or hint in error.hint
    assert error.excerpt.splitlines()[1].index("^") == place[1] - 1


def test_the_excerpt_of_a_long_line_is_cut_around_the_caret() -> None:
    error = error_of(f"when token in {{{', '.join(['1'] * 500)}}} -> 1")
    long = error_of("when token in {" + '"a", ' * 500 + "oops} -> 1")
    assert error.excerpt.splitlines()[0].startswith("when token in {1")
    line, caret = long.excerpt.splitlines()
    assert len(line) <= 80
    assert line[caret.index("^") :].startswith("oops")


def test_an_empty_program_is_refused() -> None:
    assert "empty" in error_of("  # nothing\n").detail


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("when " + "not " * 17 + "always -> 1", "more than 16 predicates in one another"),
        ("when " + "(" * 5000 + "always" + ")" * 5000 + " -> 1", "more than 16 predicates"),
        ('when text ends "' + "a" * 201 + '" -> 1', "longer than 200 characters"),
        ('when text ends "' + "a" * 10**6 + '" -> 1', "longer than 200 characters"),
        ("when always -> " + "1" * 10**6, "too long a number"),
        ("when position < " + "1" * 10**5 + " -> 1", "a whole number"),
        ("when always -> 1\n" * 20_001, "more than 20,000 rules"),
        ("when " + "always or " * 50_001 + "always -> 1", "more than 50,000 predicates"),
        ('when token starts "a" -> 1\n' * 501, "more than 500 tests"),
        ("when token in {" + '"a",' * 200_001 + "} -> 1", "more than 200,000 texts"),
        ("#" * 4_000_001, "at most 4,000,000"),
    ],
)  # fmt: skip
def test_what_is_too_large_is_refused(source: str, words: str) -> None:
    assert words in error_of(source).detail


@given(st.text(alphabet='ab01 \n"\\{}()[]<>=-.,:/#_token in when->otherwise', max_size=80))
def test_whatever_is_typed_is_read_or_refused(source: str) -> None:
    try:
        parse_program(source)
    except ProgramError as error:
        assert error.hint  # noqa: PT017 - what else is raised fails the test


@pytest.mark.parametrize("unit", ['when token in {" a", " b"} -> 1\n', "# comment\n", "  "])
def test_reading_takes_one_step_per_piece(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    class Counting:
        def match(self, source: str, at: int) -> re.Match[str] | None:
            nonlocal steps
            steps += 1
            return pieces.match(source, at)

    pieces = lexing.PIECES
    monkeypatch.setattr(lexing, "PIECES", Counting())
    counts = []
    for n in (100, 200, 400):
        steps = 0
        cursor.Cursor(unit * n)
        counts.append(steps)
    assert counts[2] <= 2 * counts[1] <= 4 * counts[0]
