"""A made-up vocabulary, corpus and windows: small, plausible, and awkward on purpose."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPLITS = ("fit", "calibration", "test", "ood:code")
SPECIAL = (
    "<|endoftext|>", "\n", "\n\n", "\t", " ", "  ", "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">', " &amp;", "'", '"', "🦉", " 🧠", "⟨E2⟩", "⟨80⟩", "é",
    " naïve", "漢", " привет", "ة", "{", "}", "();", " return", " def",
    " self", "==", ".", ",", ";", ":", "'s",
)  # fmt: skip
SHORT = "the of and to in a is that it was for on are as with his they at be this from I have or by"
DOMAINS = {
    "novel": ("The White Whale, chapter", "A sea novel, set for tests."),
    "speeches": ("Address of year", "Speeches, set for tests."),
    "code": ("module", "Source code, set for tests."),
}


@dataclass(frozen=True)
class Document:
    number: int
    title: str
    domain: str
    origin: str
    split: str


@dataclass(frozen=True)
class Text:
    vocabulary: list[str]
    documents: list[Document]
    tokens: NDArray[np.int64]
    """[windows, window_length]; what is past a window's end is BOS and does not count."""
    lengths: NDArray[np.int64]
    document_of: NDArray[np.int64]
    starts: NDArray[np.int64]
    splits: list[str]
    """Of every window."""

    def windows_of(self, split: str) -> NDArray[np.int64]:
        return np.array([n for n, other in enumerate(self.splits) if other == split])


def make_text(
    generator: np.random.Generator, *, windows: int, window_length: int, vocabulary_size: int = 0
) -> Text:
    """The vocabulary has some hundred tokens, or `vocabulary_size` where that is more."""
    vocabulary = _vocabulary(generator)
    vocabulary += [f" word{n}" for n in range(len(vocabulary), vocabulary_size)]
    documents = _documents(max(8, windows // 8))
    document_of = np.arange(windows) * len(documents) // windows
    ranks = generator.zipf(1.25, size=(windows, window_length)) % (len(vocabulary) - 1)
    order = np.concatenate([generator.permutation(len(vocabulary) - 1) + 1])
    tokens = order[ranks]
    tokens[:, 0] = 0
    lengths = np.full(windows, window_length)
    last = np.append(document_of[1:] != document_of[:-1], True)
    lengths[last] = np.maximum(2, window_length // 2)  # a document's last window is short
    tokens[np.arange(window_length)[None, :] >= lengths[:, None]] = 0
    position = np.arange(windows) - np.searchsorted(document_of, document_of)
    return Text(
        vocabulary=vocabulary,
        documents=documents,
        tokens=tokens,
        lengths=lengths,
        document_of=document_of,
        starts=position * (window_length - 1),
        splits=[documents[d].split for d in document_of],
    )


def _vocabulary(generator: np.random.Generator) -> list[str]:
    consonants, vowels = list("bcdfghklmnprstvw"), list("aeiou")
    words = [
        f"{' ' if n % 3 else ''}"
        + "".join(
            str(generator.choice(consonants)) + str(generator.choice(vowels))
            for _ in range(1 + n % 4)
        )
        for n in range(400)
    ]
    short = [f" {word}" for word in SHORT.split()]
    return list(dict.fromkeys([*SPECIAL, *short, *words]))


def _documents(count: int) -> list[Document]:
    pattern = ("fit", "fit", "test", "fit", "ood:code", "calibration", "fit", "test")
    documents = []
    for number in range(count):
        split = pattern[number % len(pattern)]
        domain = "code" if split == "ood:code" else ("novel", "speeches")[number % 2]
        title, origin = DOMAINS[domain]
        name = f"{title} {number}" if number != 1 else "<b>Bold</b> & <script>alert(2)</script>"
        documents.append(Document(number, name, domain, origin, split))
    return documents
