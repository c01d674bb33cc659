"""JSON objects in what models write."""

import pytest

from analysis.assistants.extracting import MOST_STARTS, exactly, find_object
from analysis.assistants.question import UnfitAnswerError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": {"b": [1, "}"]}}', {"a": {"b": [1, "}"]}}),
        ('{"a": 1}\n{"a": 2} and so on', {"a": 2}),
        ('{{"a": 1}', {"a": 1}),
        ('{"a": 1} {"b": ', {"a": 1}),
        ("{}", {}),
    ],
)
def test_the_last_whole_object_is_found(text: str, found: dict[str, object]) -> None:
    assert find_object(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        '["a"]',
        '{"a": NaN}',
        '{"a": -Infinity}',
        "{'a': 1}",
        '{"a": ' + "[" * 100_000,
        "{ " * MOST_STARTS + '{"a": 1}',
    ],
)
def test_where_there_is_none_that_is_said(text: str) -> None:
    with pytest.raises(UnfitAnswerError, match="no JSON object"):
        find_object(text)


def test_missing_keys_are_named() -> None:
    assert exactly({"b": 2, "a": 1}, "a", "b") == [1, 2]
    with pytest.raises(UnfitAnswerError, match="b, c missing"):
        exactly({"a": 1}, "a", "b", "c")
    with pytest.raises(UnfitAnswerError, match="other keys"):
        exactly({"a": 1, "b": 2}, "a")
