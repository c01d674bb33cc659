"""What docs/programs.md shows is so."""

import re
from pathlib import Path

import pytest

from analysis.programs import program, regex, regex_reading
from analysis.programs.english import in_english
from analysis.programs.length import bits_of, bits_of_text
from analysis.programs.parsing import parse_predicate, parse_program
from analysis.programs.parsing_tests import SHAPES
from analysis.programs.program import HasShape
from analysis.programs.shapes import shape_of
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.writing import write_program
from tests.analysis.programs.windows import held

PAGE = (Path(__file__).parents[3] / "docs" / "programs.md").read_text()


def block(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


WINDOW = block("window").rstrip("\n").split("|")
EXAMPLES = [line.rpartition(" | ")[::2] for line in block("holds").splitlines()]


def test_the_first_program_is_read_and_said_in_words_as_shown() -> None:
    shown = parse_program(block("program"))
    assert parse_program(write_program(shown)) == shown
    assert f"*{in_english(shown)}*" in PAGE


@pytest.mark.parametrize(("predicate", "strengths"), EXAMPLES)
def test_every_predicate_holds_where_the_page_says(predicate: str, strengths: str) -> None:
    assert held(predicate, WINDOW) == pytest.approx(list(map(float, strengths.split())), abs=1e-6)


def test_every_kind_of_predicate_has_an_example() -> None:
    shown = {type(parse_predicate(predicate)).__name__ for predicate, _ in EXAMPLES}
    kinds = {kind.__name__ for kind in program.Predicate.__args__}
    assert kinds - shown == {"Not", "Always"}


def test_every_test_in_the_table_is_read() -> None:
    rows = re.findall(r"^\| `(.*?)`", section("What is true of a token by itself"), re.MULTILINE)
    tests = [row for row in rows if row.startswith(("token", "word"))]
    assert len(tests) == 7
    for test in tests:
        parse_predicate(test)


def test_every_shape_has_examples_that_have_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]*) \|$", PAGE, re.MULTILINE)
    assert [shape for shape, _ in rows] == list(SHAPES)
    for shape, examples in rows:
        texts = re.findall(r'`"(.*?)"`', examples)
        assert texts
        for text in texts:
            assert shape_of(text.replace("\\n", "\n")) == shape
            vocabulary = Vocabulary([text.replace("\\n", "\n")])
            assert vocabulary.mask(HasShape(shape)).all()


def test_the_limits_are_those_of_the_code() -> None:
    limits = section("Limits")
    for number in (
        program.MOST_CHARACTERS,
        program.MOST_RULES,
        program.MOST_PREDICATES,
        program.DEEPEST,
        program.MOST_LISTED,
        program.LONGEST_TEXT,
        program.MOST_SCANS,
        program.FARTHEST,
        program.WHOLE_WINDOW,
        program.LONGEST_HALF_LIFE,
        program.MOST_NEAR,
        regex.MOST_POSITIONS,
        regex.MOST_STATES,
        regex_reading.DEEPEST_GROUP,
    ):
        assert re.search(rf"(?<![\d,]){number:,}(?!,?\d)", limits), number


def test_a_sentence_and_a_rule_are_about_as_long() -> None:
    tokens = ", ".join(f'"{number}"' for number in range(7))
    rule = bits_of(parse_program(f"when token in {{{tokens}}} -> 1"), 49_152)
    assert bits_of_text("x" * 60) == pytest.approx(rule, rel=0.1)
