import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.programs.parsing_tests import SHAPES
from analysis.programs.shapes import shape_of


@pytest.mark.parametrize(
    ("shape", "texts"),
    [
        ("lower", [" the", "n't", "'s", "straße", "é", "e\u0301", "well-known", " x\n"]),
        ("capitalised", [" The", "I", "A", "O'neil", "Éa"]),
        ("upper", ["USA", " IT", "AT-AT"]),
        ("mixed", ["iPhone", "McKay", "aB", "ABc"]),
        ("number", [" 42", "3.14", "1,000", ".5", "٣"]),
        ("punctuation", [".", " —", '("', "$", "...", "=>", "'", ".,", '"\n"']),
        ("space", [" ", "    ", "\t", "", "\u00a0"]),
        ("newline", ["\n", " \n\n", "\r\n"]),
        (
            "other",
            ["x1", ".com", "<|end|>", "⟨E2⟩", " ⟨E2⟩⟨80⟩", "漢字", "1st", "😀a", "½", "don't!"],
        ),
    ],
)
def test_shapes_of_tokens(shape: str, texts: list[str]) -> None:
    assert [shape_of(text) for text in texts] == [shape] * len(texts)


@given(st.text(max_size=8))
def test_every_token_has_a_shape_whatever_blanks_are_around_it(text: str) -> None:
    assert shape_of(text) in SHAPES
    if text.strip():
        assert shape_of(f" {text}\n") == shape_of(text)
