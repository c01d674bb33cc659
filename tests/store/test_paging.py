import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequestError
from app.store.paging import check_limit, is_integer, is_name, read_cursor, write_cursor


@given(
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    index=st.integers(0, 2**31 - 1),
)
def test_a_cursor_gives_back_exactly_what_was_put_in(value: float | None, index: int):
    assert read_cursor(write_cursor("mean:asc", value, index), "mean:asc") == (value, index)


def test_a_cursor_of_another_sort_is_refused():
    with pytest.raises(BadRequestError, match="mean:asc"):
        read_cursor(write_cursor("mean:asc", 1.0, 2), "mean:desc")


@given(st.text() | st.binary().map(lambda content: base64.urlsafe_b64encode(content).decode()))
def test_nonsense_is_refused_and_nothing_else_happens(cursor: str):
    with pytest.raises(BadRequestError):
        read_cursor(cursor, "mean:asc")


@pytest.mark.parametrize(
    "content",
    [
        ["index:asc", None],
        ["index:asc", None, -1],
        ["index:asc", None, True],
        ["index:asc", None, 2**70],
        ["index:asc", "1", 1],
        ["index:asc", float("nan"), 1],
        ["index:asc", 10**400, 1],
        {"index:asc": 1},
        [[[]]],
    ],
)
def test_a_forged_cursor_is_refused(content: object):
    cursor = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    with pytest.raises(BadRequestError):
        read_cursor(cursor, "index:asc")


def test_limits_are_bounded():
    check_limit(1)
    check_limit(200)
    for absurd in (0, -5, 201, 10**30):
        with pytest.raises(BadRequestError, match="out of bounds"):
            check_limit(absurd)


def test_what_no_database_could_hold_is_no_name_and_no_number():
    assert is_name("mlp.0")
    assert not is_name("a\0b")
    assert not is_name("\ud800")
    assert is_integer(0)
    assert not is_integer(2**31)
    assert not is_integer(-1)
