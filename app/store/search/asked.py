"""What somebody typed into the search box, as words and phrases that all must be there.

Only double quotes mean something: what stands between them is a phrase. Everything else is words,
operators of either database included, so that no text can be wrong or cost more than others.
"""

import re
from dataclasses import dataclass
from typing import Final

from app.store.search.words import LONGEST_WORD, made_up, words_of

MOST_WORDS: Final = 16
LONGEST: Final = 1000
"""Characters that are looked at."""
_PARTS: Final = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]|([^\s"“”„«»]+)')


@dataclass(frozen=True)
class Asked:
    text: str
    """As typed, as far as it was looked at."""
    phrases: tuple[tuple[str, ...], ...]
    """Folded words; of a single word, a tuple of one."""
    left_out: bool
    """Whether there was more than is looked at."""

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word for phrase in self.phrases for word in phrase))


def read_asked(text: str) -> Asked:
    looked_at = text.replace("\0", " ").encode("utf-8", "ignore").decode()[:LONGEST]
    phrases: dict[tuple[str, ...], None] = {}
    n_words = 0
    left_out = len(text) > LONGEST
    for part in _PARTS.finditer(looked_at):
        quoted, bare = part.groups()
        words = words_of(quoted or bare or "")
        if not words and (sign := (quoted or bare or "").strip()):
            words = [made_up(sign)]
        found = [tuple(words)] if quoted is not None else [(word,) for word in words]
        for phrase in filter(None, found):
            if n_words + len(phrase) > MOST_WORDS:
                left_out = True
                continue
            if phrase not in phrases:
                n_words += len(phrase)
                phrases[phrase] = None
    return Asked(looked_at.strip(), tuple(phrases), left_out)


def shown(word: str) -> str:
    """The word as it was typed, where it stands for punctuation."""
    if not word.startswith("zx") or len(word) >= LONGEST_WORD:
        return word
    try:
        return bytes.fromhex(word[2:]).decode("utf-8", "replace")
    except ValueError:
        return word
