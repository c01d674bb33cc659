"""Cuts text into the words that are searched for: folded, without plural endings, without accents.

Both databases get words that are cut already, so that they find the same. A token that is only
punctuation becomes one made-up word, so that `();` can be asked for; so does a blank.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

LONGEST_WORD: Final = 64
MOST_WORDS: Final = 600
"""Of one text; the rest of a longer one is not found."""
LONGEST_PROGRAM: Final = 20_000
"""Characters of a program that are looked through: room for `MOST_WORDS` and comments between. A
file may bring megabytes of comments, which every search that finds them would go over."""

_CUT_AS_ASCII: Final = re.compile(r"[a-z0-9_]+")
_EAST: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CUT: Final = re.compile(rf"[{_EAST}]|[^\W{_EAST}]+")
_LISTED: Final = re.compile(r'#[^\n]*|/(?:[^/\\\n]|\\[^\n])*/?|"((?:[^"\\\n]|\\[^\n])*)("?)')
"""Comments and patterns are passed over: quotes in them list nothing. What is never closed is taken
to the end of its line, so that no sign is looked at twice."""
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r"}


def words_of(text: str) -> list[str]:
    """In order. Signs of scripts that put no blanks between words are words each."""
    if text.isascii():
        return [stem(word) for word in _CUT_AS_ASCII.findall(text.lower())]
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return [stem(word) for word in _CUT.findall(unicodedata.normalize("NFKC", bare))]


def words_of_token(token: str) -> list[str]:
    """The words of one token of a vocabulary; a made-up one where it has none."""
    found = words_of(token)
    if found or not token:
        return found
    return [made_up(token.strip() or token)]


def made_up(text: str) -> str:
    """The word that stands for punctuation or blanks."""
    return f"zx{text.encode('utf-8', 'surrogatepass').hex()}"[:LONGEST_WORD]


def words_of_program(program: str) -> list[str]:
    """Of the texts that it lists; the keywords of the language are in nearly all."""
    return [word for text in listed_in(program) for word in words_of_token(text)]


def listed_in(program: str) -> Iterator[str]:
    """What stands between double quotes in the first `LONGEST_PROGRAM` characters, in time in
    proportion to them, whatever they are."""
    for found in _LISTED.finditer(program, 0, LONGEST_PROGRAM):
        if not found[2]:
            continue
        yield _ESCAPE.sub(_unescaped, found[1]) if "\\" in found[1] else found[1]


def joined(words: Iterable[str]) -> str:
    """As they are stored, not more than are searched."""
    return " ".join(list(words)[:MOST_WORDS])


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Without the ending of an English plural (the S stemmer: Harman 1991)."""
    word = word[:LONGEST_WORD]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    return word[:-1]


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code:
        return chr(min(int(code, 16), 0x10FFFF))
    return _CONTROLS.get(found[3], found[3])
