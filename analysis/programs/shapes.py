"""What a token looks like: exactly one of nine shapes.

Blanks around the token are left aside, and so is the sign that a byte is shown by (⟨E2⟩).

- newline      blanks only, a line break among them
- space        blanks only, or nothing at all
- number       digits, with . and , among them: " 42", "3.14", "1,000"
- punctuation  neither letters nor digits: ".", " —", '("', "$"
- lower        letters without a capital: " the", "n't", "straße"
- capitalised  a capital, and no other: " The", "I", "O'neil"
- upper        two letters or more, all capitals: "USA"
- mixed        letters, capitals elsewhere: "iPhone", "McKay"
- other        everything else: "x1", ".com", "<|end|>", "⟨E2⟩", letters that have no case

Letters may have apostrophes and hyphens among them, and accents of their own.
"""

import unicodedata

from analysis.programs.program import Shape

JOINERS = frozenset("'’-")


def shape_of(text: str) -> Shape:
    bare = text.strip()
    if not bare:
        return (
            "newline" if any(letter in "\n\r\v\f\u2028\u2029\x85" for letter in text) else "space"
        )
    if "⟨" in bare:
        return "other"
    if all(letter.isdigit() or letter in ".," for letter in bare):
        return "number" if any(letter.isdigit() for letter in bare) else "punctuation"
    if not any(map(_is_of_words, bare)):
        return "punctuation" if all(map(_is_sign, bare)) else "other"
    letters = [letter for letter in bare if letter not in JOINERS]
    if not all(letter.isalpha() or unicodedata.combining(letter) for letter in letters):
        return "other"
    return _shape_of_letters([letter for letter in letters if letter.isalpha()])


def _is_of_words(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] in "LNM"


def _is_sign(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter)[0] in "PS"


def _shape_of_letters(letters: list[str]) -> Shape:
    """Of letters only, at least one."""
    cased = [letter for letter in letters if letter.lower() != letter.upper()]
    if not cased:
        return "other"
    capitals = [_is_capital(letter) for letter in cased]
    if not any(capitals):
        return "lower"
    if capitals[0] and not any(capitals[1:]):
        return "capitalised"
    return "upper" if all(capitals) else "mixed"


def _is_capital(letter: str) -> bool:
    return letter.isupper() or letter.istitle()
