"""Tokenising in pieces gives the tokens of the whole, for tokenizers of several families."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from analysis.corpora.pieces import cut_text, encode_in_pieces

TEXT = (
    "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money "
    "in my purse,\nand nothing particular to interest me on shore: I thought I'd sail about.\n\n"
    "    def whale(self):\n        return  self.white  # 魚 😀 Größe\n"
) * 20


UNKNOWN = "<unk>"


def train(model, pre_tokenizer, trainer, **options):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator([TEXT], trainer(show_progress=False, **options))
    return tokenizer


def encoding(tokenizer):
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def byte_level():
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return encoding(
        train(models.BPE(), split, trainers.BpeTrainer, vocab_size=400, initial_alphabet=alphabet)
    )


def metaspace(scheme):
    """Learnt from single words, used on whole texts: as SentencePiece models come."""
    tokenizer = train(
        models.BPE(unk_token=UNKNOWN),
        pre_tokenizers.Metaspace(prepend_scheme=scheme),
        trainers.BpeTrainer,
        vocab_size=300,
        special_tokens=[UNKNOWN],
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    return encoding(tokenizer)


def word_piece():
    return encoding(
        train(
            models.WordPiece(unk_token=UNKNOWN),
            pre_tokenizers.BertPreTokenizer(),
            trainers.WordPieceTrainer,
            vocab_size=300,
            special_tokens=[UNKNOWN],
        )
    )


ENCODERS = {
    "byte-level": byte_level(),
    "a blank put before every text": metaspace("always"),
    "a blank put before nothing": metaspace("never"),
    "word pieces": word_piece(),
    "bytes": lambda text: list(text.encode()),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_pieces_give_the_tokens_of_the_whole(name):
    encode = ENCODERS[name]
    n_pieces = len(list(cut_text(TEXT, encode, 200)))
    assert n_pieces > 10
    assert encode_in_pieces(TEXT, encode, piece_length=200).tolist() == encode(TEXT)


@settings(max_examples=60, deadline=None)
@given(
    text=st.lists(
        st.sampled_from(["a", "whale", " ", "  ", "\n", "\n\n", "魚", "'s", ".", "1851"])
    ).map("".join),
    name=st.sampled_from(sorted(ENCODERS)),
    piece_length=st.integers(1, 20),
)
def test_any_text_gives_the_tokens_of_the_whole(text, name, piece_length):
    encode = ENCODERS[name]
    pieces = encode_in_pieces(text, encode, piece_length=piece_length)
    assert pieces.tolist() == encode(text)


def test_a_border_at_which_tokens_would_change_is_not_taken():
    vocabulary = {"New York": 1, "Nantucket": 2, " ": 3}

    def encode(text):
        return [vocabulary[token] for token in re.findall("New York|Nantucket| ", text)]

    text = "New York Nantucket " * 10
    pieces = list(cut_text(text, encode, 20))
    assert len(pieces) > 5
    assert not any(piece.endswith("New") for piece in pieces)


def test_a_text_without_any_border_is_tokenised_at_once():
    text = "魚" * 1000
    assert list(cut_text(text, ENCODERS["bytes"], 10)) == [text]


def test_no_text_gives_no_tokens():
    assert encode_in_pieces("", ENCODERS["bytes"]).dtype == np.uint32
    assert len(encode_in_pieces("", ENCODERS["bytes"])) == 0


def test_a_piece_is_never_much_longer_than_asked():
    text = "word " * 100_000
    asked = []

    def encode(piece):
        asked.append(len(piece))
        return [1] * len(piece.split())

    assert len(encode_in_pieces(text, encode, piece_length=10_000)) == 100_000
    assert max(asked) < 10_010
