"""Text to token ids, and token ids to text for display."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from tokenizers import Tokenizer
from transformers import AutoTokenizer

from analysis.errors import ModelError
from analysis.models.templates import Turns, writer_of

UNKNOWN = ("<unk>", "[UNK]", "UNK")
"""Entries of a plain vocabulary that stand for what is not in it."""


VOCABULARIES = (
    "tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt",
)  # fmt: skip
"""Files of which a tokenizer has at least one."""

FILES = (
    *VOCABULARIES, "merges.txt", "added_tokens.json", "special_tokens_map.json",
    "tokenizer_config.json",
)  # fmt: skip


@runtime_checkable
class Tokeniser(Protocol):
    @property
    def has_chat_template(self) -> bool: ...
    def encode(self, text: str) -> list[int]: ...
    def encode_turns(self, turns: Turns) -> list[int]: ...
    def texts(self) -> list[str]: ...


class JsonTokeniser:
    """A tokenizer of the `tokenizers` library, as a tokenizer.json holds it."""

    def __init__(
        self, backend: Tokenizer, n_vocab: int, *, write: Callable[[Turns], str] | None = None
    ) -> None:
        """`write` puts a conversation into text, up to where the model's answer begins."""
        self._backend = backend
        self._n_vocab = n_vocab
        self._write = write
        self._texts: list[str] | None = None

    @property
    def has_chat_template(self) -> bool:
        return self._write is not None

    def for_vocabulary(self, n_vocab: int) -> "JsonTokeniser":
        """The same for a model that has so many ids, known to the tokenizer or not."""
        return JsonTokeniser(self._backend, n_vocab, write=self._write)

    def encode(self, text: str) -> list[int]:
        """As a batch of one: other threads go on meanwhile, which they do not beside `encode`."""
        try:
            (found,) = self._backend.encode_batch([text], add_special_tokens=False)
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            raise ModelError(
                f"the model's tokenizer fails on this text: {error}",
                hint="Leave out what is long and repeats itself, or give token ids.",
            ) from error
        ids: list[int] = found.ids
        return ids

    def encode_turns(self, turns: Turns) -> list[int]:
        if self._write is None:
            raise _no_chat_template()
        return self.encode(self._write(turns))

    def texts(self) -> list[str]:
        if self._texts is None:  # takes a tenth of a second for large vocabularies
            self._texts = display_texts(self._backend, self._n_vocab)
        return list(self._texts)


def tokenizer_files(folder: Path) -> list[Path]:
    """The files of a folder that decide how text becomes tokens."""
    return [folder / name for name in FILES if (folder / name).is_file()]


@dataclass(frozen=True)
class Bos:
    """Ids of a tokenizer's BOS; [CLS] counts as one."""

    begins: int | None
    """With which it begins a text."""
    named: int | None
    """Which it has, whether or not it uses it."""


def load_tokeniser(folder: Path) -> tuple[JsonTokeniser, Bos]:
    """The tokenizer of a transformers folder, and its BOS."""
    if not any((folder / name).is_file() for name in VOCABULARIES):
        raise ModelError(
            f"there is no tokenizer in {folder}",
            hint="Save the model's tokenizer there too (tokenizer.json).",
            where=folder,
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        backend = tokenizer.backend_tokenizer
        bare = tokenizer("a", add_special_tokens=False).input_ids
        dressed = tokenizer("a", add_special_tokens=True).input_ids
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ModelError(
            f"the tokenizer in {folder} cannot be loaded: {error}",
            hint="Save it as tokenizer.json, as fast tokenizers are.",
            where=folder,
        ) from error
    if backend.get_vocab_size() == 0:
        raise ModelError(f"the tokenizer in {folder} is empty", hint="Save it again.", where=folder)
    begins = dressed[0] if len(dressed) > len(bare) and dressed[:1] != bare[:1] else None
    special = (begins, tokenizer.bos_token_id, tokenizer.cls_token_id)
    named = next((token for token in special if token is not None), None)
    write = None if tokenizer.chat_template is None else writer_of(tokenizer)
    return JsonTokeniser(backend, backend.get_vocab_size(), write=write), Bos(begins, named)


class ListTokeniser:
    """A vocabulary without rules: every word, or every character, is a token."""

    def __init__(self, vocabulary: Sequence[str], *, characters: bool, bos: str | None) -> None:
        self._vocabulary = list(vocabulary)
        self._ids = {text: number for number, text in enumerate(vocabulary)}
        self._characters = characters
        self._bos = bos
        self._unknown = next((self._ids[entry] for entry in UNKNOWN if entry in self._ids), None)

    @property
    def has_chat_template(self) -> bool:
        return False

    def encode(self, text: str) -> list[int]:
        return [self._id(piece) for piece in (text if self._characters else text.split())]

    def encode_turns(self, turns: Turns) -> list[int]:  # noqa: ARG002 - there is no template
        raise _no_chat_template()

    def texts(self) -> list[str]:
        if self._characters:
            return list(self._vocabulary)
        return [text if text == self._bos else f" {text}" for text in self._vocabulary]

    def _id(self, piece: str) -> int:
        found = self._ids.get(piece, self._unknown)
        if found is None:
            raise ModelError(
                f"{piece!r} is not in the model's vocabulary of {len(self._ids)} entries",
                hint="Use a corpus of the model's own words, or give the vocabulary a '<unk>'.",
            )
        return found


def _no_chat_template() -> ModelError:
    return ModelError("this model has no chat template", hint="Give the prompt as text.")


def display_texts(backend: Tokenizer, n_vocab: int) -> list[str]:
    """The text of ids 0 to n_vocab − 1; ids that the tokenizer does not know are ⟨n⟩."""
    description = json.loads(backend.to_str())
    kinds = _kinds(description.get("decoder")) | _kinds(description.get("pre_tokenizer"))
    word_initial = _prefix_of_words(description.get("decoder"))
    as_written = {added["id"]: added["content"] for added in description.get("added_tokens") or []}
    texts = []
    for number in range(n_vocab):
        piece = backend.id_to_token(number)
        if number in as_written:
            texts.append(as_written[number])
        elif piece is None:
            texts.append(f"⟨{number}⟩")
        elif "ByteLevel" in kinds:
            texts.append(_show_bytes(piece))
        elif word_initial is not None:
            continued = piece.startswith(word_initial)
            texts.append(piece.removeprefix(word_initial) if continued else f" {piece}")
        else:
            texts.append(_show_piece(piece, byte_fallback="ByteFallback" in kinds))
    return texts


def _kinds(part: Any) -> set[str]:  # noqa: ANN401 - parsed JSON
    """Types of a decoder or pre-tokenizer, with those inside a sequence."""
    if not isinstance(part, dict):
        return set()
    inner = part.get("decoders") or part.get("pretokenizers") or []
    return {str(part.get("type"))}.union(*(_kinds(one) for one in inner))


def _prefix_of_words(decoder: Any) -> str | None:  # noqa: ANN401 - parsed JSON
    """What WordPiece puts before a piece that continues a word."""
    if isinstance(decoder, dict) and decoder.get("type") == "WordPiece":
        return str(decoder.get("prefix", "##"))
    return None


def _byte_of_character() -> dict[str, int]:
    """The byte that each character of a byte-level vocabulary stands for.

    Printable Latin-1 stands for itself, the rest for the characters from U+0100 on, in order.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + n): byte for n, byte in enumerate(others)
    }


_BYTES = _byte_of_character()


def _show_bytes(piece: str) -> str:
    if any(character not in _BYTES for character in piece):
        return piece
    return show_utf8(bytes(_BYTES[character] for character in piece))


def _show_piece(piece: str, *, byte_fallback: bool) -> str:
    """A SentencePiece token: ▁ is a space, <0xE2> a byte; an end of word </w> is a space."""
    if byte_fallback and len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
        return show_utf8(bytes([int(piece[3:5], 16)]))
    if piece.endswith("</w>"):
        return piece.removesuffix("</w>") + " "
    return piece.replace("▁", " ")


def show_utf8(raw: bytes) -> str:
    """The text of some bytes; each byte that belongs to no whole character as ⟨E2⟩."""
    shown = ""
    while raw:
        try:
            return shown + raw.decode()
        except UnicodeDecodeError as error:
            bad = raw[error.start : error.end]
            shown += raw[: error.start].decode() + "".join(f"⟨{byte:02X}⟩" for byte in bad)
            raw = raw[error.end :]
    return shown
