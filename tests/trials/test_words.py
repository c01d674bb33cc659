"""What a claim names, of each tail."""

import pytest

from analysis.programs.english import in_english
from analysis.programs.parsing import parse_program
from app.trials.words import Named, clauses_of, read_claim, words_of

TWO_TAILED = """\
sum
when token in {" whale", "Ship"} and not token[-1] in {" not"} -> 2
when word in {"may"} -> 1
when token[-1] in {" comma"} -> -1
otherwise 0.1
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fires at “ whale” and 'Ship'.", {"whale", "ship"}),
        ("Names of months, when a number follows", {"months", "number", "follows"}),
        ("It doesn't follow names; fires in a speaker's 'turn'", {"turn"}),
        ("a speaker's turn, don't", {"speaker", "turn"}),
        ("the speakers' turns and 'no'", {"no"}),
        ("'don't' and ('we're')", {"don't", "we're"}),
        ("Cities such as “New York”", {"new york"}),
        ("Months, but not 'May'", {"months"}),
        ("Fires on 'a' or 'b', not on 'c', 'd' or 'e'; also 'f'", {"a", "b", "f"}),
        ("not only 'a' but also 'b'", {"a", "b"}),
        ("“a” except after “b”", {"a"}),
        ("", set()),
        ("“”", set()),
    ],
)
def test_what_a_claim_names_is_what_it_quotes_or_its_words_but_nothing_negated(
    text: str, words: set[str]
) -> None:
    assert words_of(text) == words


def test_what_makes_it_fall_is_no_word_of_what_makes_it_fire() -> None:
    claim = "Fires most on “A”; also “B. C”. Falls below its usual level on “D”."
    said = clauses_of(claim)
    assert (words_of(said["upper"]), words_of(said["lower"])) == ({"a", "b. c"}, {"d"})
    claimed = read_claim(claim, None)
    assert claimed.named["upper"].words == {"a", "b. c"}
    assert claimed.tails == {"upper", "lower"}


@pytest.mark.parametrize(
    "claim",
    [
        "Fires at “A”; less, after “B”.",
        "A level for each of 9 tokens, by the token: highest for “A”, lowest for “B”.",
        "Fires on “A”. It is suppressed by “B”.",
    ],
)
def test_so_it_is_however_it_is_said(claim: str) -> None:
    claimed = read_claim(claim, None)
    assert (claimed.named["upper"].words, claimed.named["lower"].words) == ({"a"}, {"b"})


def test_what_tells_of_no_fall_tells_the_tails_not_apart() -> None:
    claimed = read_claim("Fires on “A”.", None)
    assert claimed.tails == set()
    assert claimed.named["upper"].words == {"a"}


def test_a_program_is_asked_where_the_words_are_its_own_and_only_its_positive_rules() -> None:
    text = in_english(parse_program(TWO_TAILED))
    claimed = read_claim(text, TWO_TAILED)
    assert claimed.named["upper"] == Named(frozenset({"may"}), frozenset({" whale", "Ship"}))
    assert claimed.named["lower"] == Named(frozenset(), frozenset({" comma"}))
    assert claimed.tails == {"upper", "lower"}
    assert claimed.program is not None


def test_other_words_beside_a_program_are_read_themselves() -> None:
    claimed = read_claim("Fires on “trees”.", TWO_TAILED)
    assert claimed.named["upper"].words == {"trees"}
    assert claimed.program is None


def test_rules_without_words_are_read_in_their_english() -> None:
    source = "when token is number -> 1\n"
    text = in_english(parse_program(source))
    assert read_claim(text, source).named["upper"].words == {"numbers"}
