import math

import pytest
from hypothesis import given

from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_program
from analysis.programs.program import Always, Program, Rule
from analysis.programs.writing import as_written, quote, write_level, write_program
from tests.analysis.programs.programs import programs


@given(programs())
def test_what_is_written_is_read_back_exactly(program: Program) -> None:
    assert parse_program(write_program(program)) == program


def test_a_program_is_written_as_people_write_it() -> None:
    source = """sum
when token in {" January", " February"} -> 2.4
when word in {"king"} and token[-1] starts "The" -> 0.7
when any token[-8..-1] near {" ship"} first 64 -> 0.2
when echo in {" of"} or not (repeated within 32 or continues) -> -0.5
table token[-1] {" the": 0.3, " a": -0.1}
otherwise 0.02
"""
    assert write_program(parse_program(source)) == source


@pytest.mark.parametrize(
    ("level", "written"),
    [(0.1 + 0.2, "0.3"), (1 / 3, "0.333333"), (-0.0, "0"), (1e-9, "1e-09"),
     (123456789, "1.23457e+08")],
)  # fmt: skip
def test_levels_have_six_digits_at_most(level: float, written: str) -> None:
    assert write_level(level) == written
    assert as_written(as_written(level)) == as_written(level)


@pytest.mark.parametrize("level", [math.nan, math.inf, -math.inf, 2e15])
def test_levels_that_are_no_numbers_are_not_written(level: float) -> None:
    with pytest.raises(ProgramError, match="cannot be a level"):
        write_program(Program(0.0, (Rule(Always(), level),)))


def test_what_cannot_be_seen_is_escaped() -> None:
    assert quote('a"\\\n\t\x00\u200b é—') == '"a\\"\\\\\\n\\t\\u{0}\\u{200B} é—"'
