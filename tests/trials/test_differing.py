"""What changed between two versions: words, and rules."""

from hypothesis import given
from hypothesis import strategies as st

from app.trials.differing import program_differing, words_differing


def changes(before: str | None, after: str | None) -> list[tuple[str, str | None, str | None]]:
    found = program_differing(before, after)
    assert found is not None
    assert found.rules is not None
    return [
        (
            one.change,
            None if one.before is None else f"{one.before.level:g} {one.before.predicate}",
            None if one.after is None else f"{one.after.level:g} {one.after.predicate}",
        )
        for one in found.rules
    ]


def test_words_are_told_apart_from_words() -> None:
    told = [
        (piece.change, piece.text)
        for piece in words_differing("Names of ships.", "Names of the sea.")
    ]
    assert told == [
        ("same", "Names of "), ("gone", "ships"), ("new", "the sea"), ("same", "."),
    ]  # fmt: skip


def test_between_changes_a_blank_that_stayed_is_no_island() -> None:
    told = [(p.change, p.text) for p in words_differing("one two three", "four five three")]
    assert told == [("gone", "one two"), ("new", "four five"), ("same", " three")]


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_texts_can_be_read_off_whole(before: str, after: str) -> None:
    pieces = words_differing(before, after)
    assert "".join(piece.text for piece in pieces if piece.change != "new") == before
    assert "".join(piece.text for piece in pieces if piece.change != "gone") == after


def test_long_texts_are_compared_line_by_line_and_stay_whole() -> None:
    before = "".join(f"word {n} and more\n" for n in range(2000))
    after = before.replace("word 1000 ", "other 1000 ")
    pieces = words_differing(before, after)
    assert [piece.text for piece in pieces if piece.change == "new"] == ["other 1000 and more\n"]


def test_a_rule_that_tests_the_same_at_another_level_has_changed() -> None:
    before = 'when token in {"a"} -> 1\nwhen token in {"b"} -> 2\notherwise 0\n'
    after = 'when token in {"a"} -> 3\nwhen token in {"b"} -> 2\notherwise 0\n'
    assert changes(before, after) == [
        ("changed", '1 token in {"a"}', '3 token in {"a"}'),
        ("same", '2 token in {"b"}', '2 token in {"b"}'),
    ]


def test_a_rule_that_is_written_much_alike_has_changed_in_these_words() -> None:
    before, after = (f'sum\nwhen token in {{"whale", "{one}"}} -> 1\n' for one in ("ship", "sail"))
    found = program_differing(before, after)
    assert found is not None
    assert found.rules is not None
    (only,) = found.rules
    assert only.change == "changed"
    assert [(p.change, p.text) for p in only.pieces if p.change != "same"] == [
        ("gone", "ship"), ("new", "sail"),
    ]  # fmt: skip


def test_what_has_no_counterpart_is_new_or_gone() -> None:
    before = 'sum\nwhen token in {"a"} -> 1\nwhen inside quotes -> 2\n'
    after = 'sum\nwhen token in {"a"} -> 1\nwhen position < 6 -> 1\n'
    assert changes(before, after) == [
        ("same", '1 token in {"a"}', '1 token in {"a"}'),
        ("new", None, "1 position < 6"),
        ("gone", "2 inside quotes", None),
    ]


def test_order_means_nothing_where_levels_are_added_and_something_where_the_first_counts() -> None:
    one, other = 'when token in {"a"} -> 1\n', "when inside quotes -> 2\n"

    def kinds(mode: str) -> list[str]:
        before, after = f"{mode}\n{one}{other}otherwise 1\n", f"{mode}\n{other}{one}otherwise 0\n"
        return sorted(kind for kind, *_ in changes(before, after))

    assert kinds("sum") == ["same", "same"]
    assert kinds("first") == ["moved", "same"]


def test_base_and_mode_are_told() -> None:
    told = program_differing('first\nwhen token in {"a"} -> 1\notherwise 0\n', "sum\notherwise 2\n")
    assert told is not None
    assert (told.mode_before, told.mode_after) == ("first", "sum")
    assert (told.base_before, told.base_after) == (0.0, 2.0)


def test_tables_with_as_many_tokens_are_not_the_same() -> None:
    before, after = (f'sum\ntable token {{"a": {level}, "b": 2}}\n' for level in (1, 3))
    found = program_differing(before, after)
    assert found is not None
    assert found.rules is not None
    assert [one.change for one in found.rules] == ["changed"]


def test_what_cannot_be_read_is_compared_as_it_is_written() -> None:
    told = program_differing('when token in {"a"} -> 1\n', "when nonsense")
    assert told is not None
    assert told.rules is None
    assert any(piece.change == "new" for piece in told.pieces)


def test_of_no_program_and_of_the_same_there_is_no_difference() -> None:
    assert program_differing(None, None) is None
    assert program_differing("when position < 6 -> 2\n", "when position < 6 -> 2") is None
    assert [kind for kind, *_ in changes(None, "when position < 6 -> 2\n")] == ["new"]
