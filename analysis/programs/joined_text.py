"""The windows as text: bytes joined from their tokens, and what lies inside quotes and code.

Bytes rather than characters, because a character may be cut into tokens; UTF-8 is found in UTF-8
only where it really is. A byte that no UTF-8 text has stands before each window, and at the end.

Quotes. A paragraph ends where a line break follows another with at most blanks between. Inside are
the tokens after an odd number of " in their paragraph, and those after a “ that no ” has followed
in it. The opening sign is inside, the closing one is not.

Code. A line is code as soon as it shows a sign of it:
- it begins with a tab or four blanks;
- it holds one of { } = \\ () [] -> :: </ __ or an _ between letters or digits;
- it begins with `def `, `class `, `import `, `@` or `#include`, whatever blanks are before.
A line that has shown none yet takes after the last line before it that was not blank. Between
``` and ``` all is code.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int64, UInt8
from numpy.typing import NDArray

BETWEEN = b"\xff"
BREAK, QUOTE, TAB, BLANK = b"\n"[0], b'"'[0], b"\t"[0], b" "[0]
OPENING, CLOSING = "“".encode(), "”".encode()
SIGNS = (b"{", b"}", b"=", b"\\", b"()", b"[]", b"->", b"::", b"</", b"__")
BEGINNINGS = (b"def ", b"class ", b"import ", b"@", b"#include")
FENCE = b"```"


class JoinedText:
    def __init__(
        self,
        tokens: Int64[np.ndarray, "window pos"],
        there: Bool[np.ndarray, "window pos"],
        raw: Sequence[bytes],
    ) -> None:
        pieces: list[bytes] = []
        for row, is_there in zip(tokens.tolist(), there.sum(1).tolist(), strict=True):
            pieces.append(BETWEEN)
            pieces += [raw[token] for token in row[:is_there]]
            pieces += [b""] * (len(row) - is_there)
        sizes = np.fromiter(map(len, pieces), np.int64, len(pieces))
        ends = sizes.cumsum().reshape(len(tokens), tokens.shape[1] + 1)
        self.text = b"".join(pieces) + BETWEEN
        self.begins: Int64[np.ndarray, "window 1"] = ends[:, :1]
        """Where each window's text begins."""
        self.ends: Int64[np.ndarray, "window pos"] = ends[:, 1:]
        """Where each token ends."""
        self._bytes: UInt8[np.ndarray, byte] = np.frombuffer(self.text, np.uint8)

    def ending(self, wanted: bytes) -> Bool[np.ndarray, "window pos"]:
        """At which tokens the text of the window ends so."""
        ends = self.ends.ravel()
        # From the last byte to the first, only where all behind it agree.
        left = np.flatnonzero(self.ends - len(wanted) >= self.begins)
        for back, byte in enumerate(reversed(wanted), 1):
            left = left[self._bytes[ends[left] - back] == byte]
        found = np.zeros(len(ends), np.bool_)
        found[left] = True
        return found.reshape(self.ends.shape)

    def in_quotes(self) -> Bool[np.ndarray, "window pos"]:
        breaks = self._bytes == BREAK
        starts = self._starts(self._after_blanks(breaks) & breaks)
        straight = _since(starts, self._bytes == QUOTE) % 2 == 1
        opened = _last_place(self._marks(OPENING))
        closed = _last_place(self._marks(CLOSING))
        curly = (opened > closed) & (opened >= starts)
        return self._at_tokens(straight | curly)

    def in_code(self) -> Bool[np.ndarray, "window pos"]:
        n = len(self._bytes)
        line_starts = self._starts(self._bytes == BREAK)
        code_so_far = _last_place(self._code_signs(line_starts)) >= line_starts
        blank = np.isin(self._bytes, np.frombuffer(b" \t\r\n" + BETWEEN, np.uint8))
        words_so_far = _last_place(~blank) >= line_starts
        # A line that was code or had words decides for those after it; -1: none has yet.
        is_last = np.append(line_starts[1:] != line_starts[:-1], True)
        decides = is_last & words_so_far
        decided = np.append(-1, _last_place(decides)[:-1])
        window_starts = self._starts(np.zeros(n, np.bool_))
        before = (decided >= window_starts) & code_so_far[np.maximum(decided, 0)]
        fenced = _since(window_starts, self._marks(FENCE)) % 2 == 1
        return self._at_tokens(code_so_far | before | fenced)

    def _code_signs(self, line_starts: Int64[np.ndarray, "byte"]) -> Bool[np.ndarray, "byte"]:
        """The last byte of everything that shows that a line is code."""
        signs = np.zeros(len(self._bytes), np.bool_)
        for sign in SIGNS:
            signs |= self._marks(sign)
        in_words = _is_word(self._bytes)
        signs[2:] |= in_words[:-2] & (self._bytes[1:-1] == b"_"[0]) & in_words[2:]
        # The first byte of a line that is no blank, and the blanks before it.
        blank = (self._bytes == BLANK) | (self._bytes == TAB)
        n_blanks = np.arange(len(blank)) - np.maximum(_last_place(~blank), line_starts - 1)
        in_front = (n_blanks > 0) & (np.arange(len(blank)) - n_blanks < line_starts)
        signs |= in_front & ((n_blanks >= 4) | (self._bytes == TAB))
        for beginning in BEGINNINGS:
            found = np.flatnonzero(self._marks(beginning))
            first = found - len(beginning) + 1
            before = np.maximum(first - 1, 0)
            only_blanks = (first == line_starts[found]) | (
                blank[before] & (before - n_blanks[before] < line_starts[found])
            )
            signs[found[only_blanks]] = True
        return signs

    def _marks(self, wanted: bytes) -> Bool[np.ndarray, "byte"]:
        """The last byte of each occurrence."""
        marks = np.zeros(len(self._bytes), np.bool_)
        marks[self._found(wanted) - 1] = True
        return marks

    def _found(self, wanted: bytes) -> Int64[np.ndarray, "place"]:
        """Where occurrences end, overlapping ones too."""
        found, at = [], self.text.find(wanted)
        while at >= 0:
            found.append(at + len(wanted))
            at = self.text.find(wanted, at + 1)
        return np.array(found, np.int64)

    def _starts(self, ends: Bool[np.ndarray, "byte"]) -> Int64[np.ndarray, "byte"]:
        """Of each byte: where its piece of the window starts, if pieces end with the marked bytes.

        What separates windows ends a piece too.
        """
        ends = ends | (self._bytes == BETWEEN[0])
        return np.append(0, _last_place(ends)[:-1] + 1)

    def _after_blanks(self, breaks: Bool[np.ndarray, "byte"]) -> Bool[np.ndarray, "byte"]:
        """Whether the last byte before this one that is no blank is a line break."""
        blank = np.isin(self._bytes, np.frombuffer(b" \t\r", np.uint8))
        before = np.append(-1, _last_place(~blank)[:-1])
        is_break: NDArray[np.bool_] = breaks[np.maximum(before, 0)]
        return is_break & (before >= 0)

    def _at_tokens(self, state: Bool[np.ndarray, "byte"]) -> Bool[np.ndarray, "window pos"]:
        """The state after each token's last byte."""
        after: Bool[np.ndarray, "window pos"] = state[self.ends - 1]
        return after & (self.ends > self.begins)


def _last_place(marks: Bool[np.ndarray, "byte"]) -> Int64[np.ndarray, "byte"]:
    """The place of the last marked byte up to and with each; -1: none yet."""
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), -1))


def _since(
    starts: Int64[np.ndarray, "byte"], marks: Bool[np.ndarray, "byte"]
) -> Int64[np.ndarray, "byte"]:
    """Marked bytes from the start of each byte's piece up to and with it."""
    counted = marks.cumsum()
    before: NDArray[np.int64] = np.append(0, counted)[starts]
    return counted - before


def _is_word(letters: UInt8[np.ndarray, "byte"]) -> Bool[np.ndarray, "byte"]:
    """ASCII letters and digits, and bytes of other characters."""
    lower = letters | 0x20
    is_letter = (lower >= ord("a")) & (lower <= ord("z"))
    is_digit = (letters >= ord("0")) & (letters <= ord("9"))
    is_word: NDArray[np.bool_] = is_letter | is_digit | (letters >= 0x80)
    is_word[letters == BETWEEN[0]] = False
    return is_word
