"""Tokenizers of different make: a real one with byte pairs, one of whole words, one of characters.

The real one is that of the demo's model, from the package that carries it.
"""

import re
from functools import cache

import gguf
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from analysis.models.tokens import JsonTokeniser, ListTokeniser
from analysis.tasks.reading import Reader, reader_of
from app.demo_model import find_gguf
from tests.analysis.models.tiny import make_tokenizer

BOS, UNKNOWN = "<|im_start|>", "<unk>"


@cache
def byte_pairs(*, whole_numbers: bool = False) -> Reader:
    """As the demo's model reads text: digit by digit. `whole_numbers`: in runs of up to three."""
    tokens, pairs = _tokens_and_merges()
    merges = [tuple(pair.split(" ")) for pair in pairs]
    vocabulary = {text: number for number, text in enumerate(tokens)}
    if whole_numbers:
        _add_numbers(vocabulary, merges)
    backend = Tokenizer(models.BPE(vocabulary, merges))
    digits = (
        pre_tokenizers.Split(Regex(r"\p{N}{1,2}"), "isolated")
        if whole_numbers
        else pre_tokenizers.Digits(individual_digits=True)
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    return reader_of(JsonTokeniser(backend, len(vocabulary)))


@cache
def _tokens_and_merges():
    fields = gguf.GGUFReader(find_gguf()).fields
    return [fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges")]


def _add_numbers(vocabulary, merges):
    for one in "0123456789":
        for other in "0123456789":
            vocabulary.setdefault(one + other, len(vocabulary))
            merges.append((one, other))


def whole_words(texts) -> Reader:
    """Every word and every sign of these texts is one token; spaces are none."""
    words = sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s]+", text)})
    vocabulary = {word: number for number, word in enumerate([UNKNOWN, *words])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return reader_of(JsonTokeniser(backend, len(vocabulary)), begins=0)


def characters(letters: str) -> Reader:
    return reader_of(ListTokeniser(list(letters), characters=True, bos=None))


def words_apart(words: str) -> Reader:
    """A plain model's vocabulary: what stands between spaces."""
    return reader_of(ListTokeniser(["BOS", *words.split()], characters=False, bos="BOS"), begins=0)


@cache
def tiny(architecture: str) -> Reader:
    """Tokenizers that were trained on one sentence: nearly every word is several tokens."""
    backend = make_tokenizer(architecture).backend_tokenizer
    return reader_of(JsonTokeniser(backend, backend.get_vocab_size()))
