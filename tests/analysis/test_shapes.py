"""Wrong shapes and types fail a test wherever tensors are handled; see tests/shapes.py."""

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float, TypeCheckError

from analysis.explain.rules.strengthening import _by_level
from analysis.programs.running import _later
from tests.shapes import checked

Rows = Float[np.ndarray, "x y"]


@checked
def dot(rows: Rows, weights: Float[np.ndarray, "y"]) -> Float[np.ndarray, "x"]:
    return rows @ weights


@checked
def first_column_of_others(rows: Rows) -> Float[np.ndarray, "x"]:
    return rows[1:, 0]


@checked
def around(rows: Rows) -> Rows:
    """Calls another whose axes have the same names and other lengths."""
    dot(rows.T, np.ones(len(rows)))
    return rows


@checked
def share(part: int, whole: float) -> float:
    return part / whole


def test_an_axis_has_one_length_in_all_arguments():
    with pytest.raises(BeartypeCallHintViolation, match="dimension y"):
        dot(np.ones((2, 3)), np.ones(2))


def test_an_axis_has_the_same_length_in_the_result():
    with pytest.raises(BeartypeCallHintViolation, match="dimension x"):
        first_column_of_others(np.ones((2, 3)))


def test_an_axis_may_have_another_length_in_another_call():
    for shape in ((2, 3), (4, 5)):
        assert around(np.ones(shape)).shape == shape


def test_numbers_are_of_their_kind():
    with pytest.raises(BeartypeCallHintViolation):
        dot(np.ones((2, 3), np.int64), np.ones(3))


def test_types_are_checked_where_no_array_is_named():
    assert share(1, 2) == 0.5  # an int may stand for a float
    with pytest.raises(BeartypeCallHintViolation):
        share(0.5, 2)


def test_the_code_itself_is_checked():
    with pytest.raises(BeartypeCallHintViolation):
        _later(np.ones(3, np.bool_), 1)
    with pytest.raises(TypeCheckError):  # a generator: before it begins
        _by_level(np.ones(3), np.ones(3))
