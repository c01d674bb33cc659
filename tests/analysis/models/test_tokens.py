"""Tokens as people read them."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from analysis.models.tokens import display_texts, show_utf8


def _tokenizer(model, decoder, pre_tokenizer=None) -> Tokenizer:
    tokenizer = Tokenizer(model)
    if decoder is not None:
        tokenizer.decoder = decoder
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    return tokenizer


UNKNOWN = "[UNK]"


def _vocabulary(*pieces: str) -> dict[str, int]:
    return {piece: number for number, piece in enumerate(pieces)}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        ("é☃".encode(), "é☃"),
        (b"\xe2", "⟨E2⟩"),
        (b"\xe2\x98", "⟨E2⟩⟨98⟩"),
        (b"a\xffb", "a⟨FF⟩b"),
        (b"\x98 \xc3\xa9", "⟨98⟩ é"),
        (b"", ""),
    ],
)
def test_bytes_that_are_no_utf8_are_shown_as_numbers(raw, shown):
    assert show_utf8(raw) == shown


def test_byte_level_tokens_are_shown_with_their_spaces_and_lines():
    pieces = ("Ġthe", "Ċ", "ÃĤ", "Ã©", "â", "ĠâĢ", "<|end|>")
    tokenizer = _tokenizer(models.BPE(_vocabulary(*pieces), []), decoders.ByteLevel())
    tokenizer.add_special_tokens(["<|end|>"])
    assert display_texts(tokenizer, 8) == [
        " the", "\n", "Â", "é", "⟨E2⟩", " ⟨E2⟩⟨80⟩", "<|end|>", "⟨7⟩",
    ]  # fmt: skip


def test_added_tokens_are_shown_as_written_and_not_as_bytes():
    tokenizer = _tokenizer(models.BPE(_vocabulary("a"), []), decoders.ByteLevel())
    tokenizer.add_tokens(["  ", "Ġx"])
    assert display_texts(tokenizer, 3) == ["a", "  ", "Ġx"]


def test_sentence_pieces_and_their_byte_tokens():
    decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    pieces = ("▁the", "ing", "<0xE2>", "<0x0A>", "▁▁")
    tokenizer = _tokenizer(models.BPE(_vocabulary(*pieces), []), decoder)
    assert display_texts(tokenizer, 5) == [" the", "ing", "⟨E2⟩", "\n", "  "]


def test_word_pieces_begin_words_with_a_space():
    tokenizer = _tokenizer(
        models.WordPiece(_vocabulary("the", "##ing", "[UNK]"), unk_token=UNKNOWN),
        decoders.WordPiece(),
    )
    tokenizer.add_special_tokens(["[UNK]"])
    assert display_texts(tokenizer, 3) == [" the", "ing", "[UNK]"]


def test_words_of_a_tokenizer_without_decoder_are_shown_as_they_are():
    tokenizer = _tokenizer(
        models.WordLevel(_vocabulary("the", "cat", UNKNOWN), unk_token=UNKNOWN),
        None,
        pre_tokenizers.Whitespace(),
    )
    assert display_texts(tokenizer, 2) == ["the", "cat"]
