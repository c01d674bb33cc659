"""The bounded regular expressions: against Python's own on small texts, and against evil."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.programs.errors import ProgramError
from analysis.programs.regex import MOST_STATES, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("abc", ["abc"], ["ab", "abcd", "xabc", ""]),
        ("a|bc|", ["a", "bc", ""], ["b", "abc"]),
        ("a?b*c+", ["c", "abbc", "acc"], ["ab", "aac", ""]),
        ("(ab)*", ["", "ab", "abab"], ["a", "aba"]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "aaaaa"], ["a", ""]),
        ("a{0,2}b", ["b", "ab", "aab"], ["aaab"]),
        ("(a|b?){3}c", ["c", "abac", "bc"], ["abab", "aaaac"]),
        ("(a*){2,3}", ["", "aaaaaa"], ["b"]),
        (".", ["x", " ", "é", "\t"], ["\n", "", "xy"]),
        ("[a-cx]", ["a", "b", "x"], ["d", "-", ""]),
        ("[^a-c]", ["d", "\n"], ["a", ""]),
        (r"[\]a]", ["]", "a"], ["b"]),
        ("[a-]", ["a", "-"], ["b"]),
        (r"[\d_]+", ["1_2", "٣"], ["a"]),
        (r"[^\s]", ["a"], [" ", "\n"]),
        (r"\d\w\s", ["1a ", "1_\n"], ["a1 ", "1a"]),
        (r"\D\W\S", ["a-b"], ["1-b", "aab", "a- "]),
        (r"\.\*\/\\", [".*/\\"], ["a*/\\"]),
        (r"\n\té", ["\n\té"], ["nté"]),
        (r"\u00e9", ["é"], ["e"]),
        ("^ab$", ["ab"], ["^ab$"]),
        ("(?:ab)+", ["abab"], ["a"]),
        ("", [""], ["a"]),
        ("(){1000}a", ["a"], [""]),
    ],
)
def test_whole_tokens_match(pattern: str, matching: list[str], other: list[str]) -> None:
    compiled = compile_pattern(pattern)
    assert [text for text in matching + other if compiled.matches(text)] == matching


def test_without_regard_to_case_a_pattern_may_be_written_in_any() -> None:
    compiled = compile_pattern("[A-Z]b.É", folded=True)
    assert compiled.matches("abcé")
    assert not compile_pattern("[A-Z]").matches("a")


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,2}", "{0,1}", "{1,}"])).map(
            lambda drawn: f"({drawn[0]}){drawn[1]}"
        ),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.lists(st.text(alphabet="ab1 ", max_size=6), max_size=8))
def test_small_patterns_mean_what_they_mean_elsewhere(pattern: str, texts: list[str]) -> None:
    compiled, usual = compile_pattern(pattern), re.compile(pattern)
    for text in texts:
        assert compiled.matches(text) == (usual.fullmatch(text) is not None)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a*)*b", "(a|a)*c", "(a|aa)+d", "(.*)(.*)(.*)x", "a?a?a?a?a?a?a?aaaaaaa"]
)
def test_evil_patterns_take_one_step_per_character(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.matches("a" * 5_000 + "!") is False
    assert compiled.steps <= 5_001
    assert compiled.n_states <= 20


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a{1000}", "1000 characters long"),
        ("((a{30}){30}){30}", "27000 characters long"),
        ("(((((((a{999}){999}){999}){999}){999}){999}){999}){999}", "characters long"),
        ("a{1001}", "a count above 1000"),
        ("a{2,1}", "ends before it begins"),
        ("a{x}", "no count"),
        ("a{", "no count"),
        ("a**", "a count after a count"),
        ("a+?", "a count after a count"),
        ("*a", "nothing before it"),
        ("a(", "without its )"),
        ("a)", "closes nothing"),
        ("[a", "without its ]"),
        ("[]a]", "an empty class"),
        ("[b-a]", "ends before it begins"),
        ("(?=a)", "of a kind that is not known"),
        (r"(a)\1", r"a \1, which is not known"),
        (r"\bword", r"a \b, which is not known"),
        (r"\p{Lu}", r"a \p"),
        ("a^b", "matched anyway"),
        ("a$b", "matched anyway"),
        ("a\\", "nothing after it"),
        (r"\u12", "four hexadecimal digits"),
        ("a\nb", "invisible character at place 2"),
        ("a" * 201, "201 characters; 200 are allowed"),
        ("(" * 17 + ")" * 17, "more than 16 groups"),
    ],
)
def test_what_is_not_known_or_too_much_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(ProgramError) as caught:
        compile_pattern(pattern)
    assert words in caught.value.detail
    assert caught.value.hint


def test_a_pattern_with_too_many_states_is_refused_while_it_runs() -> None:
    compiled = compile_pattern("(a|b)*a(a|b){200}")
    text = "".join(Random(0).choices("ab", k=20_000))  # noqa: S311 - no secret
    with pytest.raises(ProgramError, match=f"more than {MOST_STATES} states"):
        compiled.matches(text)
    assert compiled.n_states == MOST_STATES
