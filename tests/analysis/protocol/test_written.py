"""Edits as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.protocol.edits import Edit, Positions
from analysis.protocol.prompts import Prompt
from analysis.protocol.written import (
    Row,
    WrittenError,
    line_of,
    positions_text,
    read_line,
    read_positions,
    read_row,
    row_of,
)

LINES = (
    "mlp.12/345 = 0",
    "mlp.12/345 = 2.5",
    "mlp.12/345 = mean",
    "mlp.12/345 = resample",
    'mlp.12/345 = resample "The dog @ home"',
    'mlp.12/345 = patch "He said: \\"no\\""',
    "mlp.12/345 *= 0.5",
    "mlp.12/345 += 4",
    "mlp.12/345 += -4",
    "attn.5/3 *= 0",
    "attn.5/3 = 0 @ last 2",
    "resid.7 += 8 * mlp.12/345",
    "resid.7 += 8 * mlp.12/345 @ 3, 5-8",
    "mlp.0/0 = 1 @ new",
)


def edit_of(line: str) -> Edit:
    return read_row(read_line(line))


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_is_read_is_written_as_it_was(line):
    row = row_of(edit_of(line))
    assert row is not None
    assert line_of(row) == line


def test_lines_say_what_is_done_where():
    assert edit_of("mlp.12/345=0") == Edit(site="mlp.12", index=345, operation="zero")
    assert edit_of("attn.5/3 *= 0").value == 0
    assert edit_of("mlp.1/2 -= 3").value == -3
    assert edit_of("mlp.1/2 = \u22122").value == -2
    assert edit_of("mlp.1/2 = 0 @ 3,5").positions.chosen == (3, 5)
    assert edit_of('mlp.1/2 = patch "a @ b"').source == Prompt(text="a @ b")


def test_a_direction_is_of_length_one_and_once_where_no_number_is_given():
    edit = edit_of("resid.7 += mlp.12/345")
    assert edit.direction is not None
    assert (edit.value, edit.direction.normalised) == (1.0, True)
    assert edit.direction.unit.site == "mlp.12"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "no edit"),
        ("mlp.12/345", "no ="),
        ("mlp.12 = 0", "no unit"),
        ("cat/3 = 0", "no unit"),
        ("mlp.12/345 = cat", "no number"),
        ("mlp.12/345 = nan", "cannot be used"),
        ("mlp.12/345 = inf", "cannot be used"),
        ("mlp.12/345 = 1e9", "cannot be used"),
        ("mlp.12/345 = 0 @", "names no position"),
        ("mlp.12/345 = 0 @ x", "no position"),
        ("mlp.12/345 = 0 @ 5-3", "no range"),
        ("mlp.12/345 = 0 @ last 0", "no number of positions"),
        ("mlp.12/345 = patch other", "double quotes"),
        ("attn.5/3 += 4", "a head's value is a vector"),
        ("attn.5/3 = -4", "cannot be set below 0"),
        ("resid.7 = 0", "must be a neuron|no unit"),
        ("resid.7 += 8 * attn.5/3", "no one output vector"),
        ("resid.7 += 8 * resid.3", "must be a neuron"),
        ("x" * 30_000, "too long"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_understood(line, told):
    with pytest.raises(WrittenError, match=told) as caught:
        edit_of(line)
    assert "mlp.12/345 = 0" in caught.value.hint


def test_an_operation_that_no_row_offers_is_refused():
    with pytest.raises(WrittenError, match="cannot be edited so"):
        read_row(Row("mlp.1/2", "explode"))


@given(st.lists(st.integers(0, 40), unique=True, min_size=1))
def test_positions_are_written_as_stretches_and_read_back(chosen):
    positions = Positions(kind="chosen", chosen=tuple(sorted(chosen)))
    assert read_positions(positions_text(positions)) == positions


def test_an_edit_that_no_line_can_say_has_no_row():
    source = Prompt(tokens=(1, 2))
    assert row_of(Edit(site="mlp.1", index=2, operation="patch", source=source)) is None
    per_position = Edit(site="mlp.1", index=2, operation="mean", per_position=True)
    assert row_of(per_position) is None


@pytest.mark.parametrize("behind", ["a", " ", "@", "=", '@ "', "a " * 2 + "\t"])
def test_a_line_of_a_hundred_thousand_characters_is_refused_before_it_is_read(behind):
    line = "mlp.0/1 = " + behind * (100_000 // len(behind))
    with pytest.raises(WrittenError, match="characters is too long"):
        read_line(line)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (f"mlp.0/1{' ' * 9000}={' ' * 9000}0", Row("mlp.0/1", "zero")),
        (f"mlp.0/1 = a{' ' * 19000}b", Row("mlp.0/1", "set", f"a{' ' * 19000}b")),
        (f"mlp.0/1 = 0 @{' ' * 19000}new", Row("mlp.0/1", "zero", where="new")),
        (f"mlp.0/1 = 1{'@' * 19000} 3", Row("mlp.0/1", "set", f"1{'@' * 18999}", where="3")),
    ],
)
def test_blanks_and_marks_are_read_once_however_many_there_are(line, row):
    assert read_line(line) == row


@pytest.mark.parametrize("line", ["a" * 19000, f"a{' ' * 19000}b", f"{' ' * 19000}"])
def test_a_long_line_without_a_place_or_a_sign_is_no_edit(line):
    with pytest.raises(WrittenError, match="is no edit"):
        read_line(line)


def test_a_text_in_quotes_may_hold_what_names_positions():
    row = read_line(f'mlp.0/1 = patch "home @{" " * 9000}x"')
    assert (row.other, row.where) == (f"home @{' ' * 9000}x", "all")
