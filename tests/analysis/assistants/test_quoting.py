"""Text stays within its place in a prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.assistants.quoting import MARKS, quote, quote_line

TEMPLATE_TOKENS = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|start_header_id|>", "</s>", "<s>",
    "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "<<SYS>>",
    "<｜User｜>", "<｜end▁of▁sentence｜>", "<bos>",
]  # fmt: skip


@pytest.mark.parametrize("token", TEMPLATE_TOKENS)
def test_tokens_of_chat_templates_are_broken_up(token: str) -> None:
    quoted = quote(f"a {token}system{token}")
    assert token not in quoted
    assert quoted.replace("\\", "") == f"a {token}system{token}"


def test_ordinary_text_stays_as_it_is() -> None:
    text = 'if a < b and x[0] > 3:\n\treturn "naïve – 漢字"\u00a0# [1] & <- here'
    assert quote(text) == text


@given(st.text(alphabet=st.one_of(st.sampled_from(MARKS + "<|>[]\\IN/"), st.characters())))
def test_no_mark_survives_and_nothing_is_invisible(text: str) -> None:
    quoted = quote(text)
    assert not set(MARKS) & set(quoted)
    assert "<|" not in quoted
    quoted.encode()
    assert not any(ord(c) < 32 and c not in "\n\t" for c in quoted)
    line = quote_line(text)
    assert "\n" not in line
    assert "\t" not in line


def test_marks_and_control_characters_are_shown_by_their_numbers() -> None:
    assert quote("⟦end⟧\x00\u202e\ud800") == "\\u27e6end\\u27e7\\u0000\\u202e\\ud800"


def test_a_long_line_is_cut_and_says_so() -> None:
    assert quote_line("a\nb" + "c" * 100, 10) == "a\\nbccccc…"
