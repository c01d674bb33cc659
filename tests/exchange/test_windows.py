"""JSON that is read a window at a time: the same values wherever a window ends."""

import json
import tracemalloc

import pytest

from app.exchange.circuits import windows
from app.exchange.circuits.windows import LongValueError, Walk, check_utf8, n_characters
from app.exchange.faults import FileFaultError, Where

VALUES = [
    1.5e-7, -12345678901234567, True, None,
    "a\\u00e9\n\"", "é猫🙂" * 9, {"a": ["b", {"é": 1e9}]}, [],
]  # fmt: skip


def fault(at: int, problem: str) -> FileFaultError:
    return FileFaultError(Where("a", at, "byte"), problem)


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("size", range(17, 90, 3))
def test_values_are_whole_wherever_a_window_ends(
    monkeypatch: pytest.MonkeyPatch, size: int, ascii_only: bool
) -> None:
    monkeypatch.setattr(windows, "AT_ONCE", size)
    text = "  ".join(json.dumps(one, ensure_ascii=ascii_only) for one in VALUES * 3)
    walk = Walk(text.encode(), 0, fault)
    found = [walk.value(400) for _ in VALUES * 3]
    assert found == VALUES * 3
    assert walk.sign() == ""
    assert walk.at == len(text.encode())


def test_a_value_of_the_most_bytes_is_read_and_one_of_more_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "AT_ONCE", 20)
    for n in (98, 99, 5000):
        walk = Walk(b'"' + b"x" * n + b'", 1' + b" " * 100, 0, fault)
        if n == 98:
            assert walk.value(100) == "x" * 98
        else:
            with pytest.raises(LongValueError, match="more than 100 bytes"):
                walk.value(100)


def test_what_is_wrong_is_told_with_its_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "AT_ONCE", 20)
    walk = Walk(("é" * 30).join('""').encode() + b"  nul" + b" " * 50, 0, fault)
    walk.value(100)
    with pytest.raises(FileFaultError, match=r"a, byte 64: Expecting value"):
        walk.value(100)


def test_one_sign_of_four_bytes_does_not_make_all_of_them_so() -> None:
    content = json.dumps(["🙂", *["a" * 999] * 20_000], ensure_ascii=False).encode()
    tracemalloc.start()
    walk = Walk(content, 0, fault)
    walk.expect("[")
    while walk.sign() != "]":
        walk.value(2000)
        if walk.sign() == ",":
            walk.expect(",")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < len(content) / 5


def test_the_first_byte_that_is_no_utf8_is_found_and_characters_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "AT_ONCE", 5)
    good = "é猫🙂a" * 20
    assert check_utf8(good.encode()) is None
    assert check_utf8(good.encode() + b"\xff") == len(good.encode())
    assert check_utf8(good.encode()[:-2]) == len(good.encode()) - 5
    assert n_characters(good.encode()) == len(good)
