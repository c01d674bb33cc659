"""What can be said of a model's tokens by themselves: texts, ids, and which pass a test.

One vocabulary is made per model and shared by all evaluations, threads included. Masks are kept,
as many as fit in `MASK_BYTES`; the oldest go first. What names many tokens by `near` is not: the
names would be kept with it, and nobody asks for the same again.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from threading import Lock

import numpy as np
from jaxtyping import Bool, Float32, Int64

from analysis.programs.check import Check, go_on
from analysis.programs.errors import ProgramError
from analysis.programs.program import (
    Affix,
    HasShape,
    Matches,
    Near,
    OneOf,
    Shape,
    StartsWord,
    Table,
    TokenTest,
)
from analysis.programs.raw_bytes import bytes_of_token
from analysis.programs.regex import compile_pattern
from analysis.programs.shapes import shape_of
from analysis.programs.token_space import TokenSpace

MASK_BYTES = 2**26
MOST_KEPT_NAMES = 64
AT_ONCE = 2_048
"""Tokens that are tested one by one between two checks."""

NO_IDS: Int64[np.ndarray, "id"] = np.zeros(0, np.int64)


def fold(text: str) -> str:
    """Without regard to case and surrounding blanks; a text of blanks stays as it is."""
    return text.strip().casefold() or text


class Vocabulary:
    """The tokens of one model, by id: `texts` as a subject model shows them."""

    def __init__(self, texts: Sequence[str], space: TokenSpace | None = None) -> None:
        if space is not None and len(space.vectors) != len(texts):
            raise ProgramError(
                f"the token space has {len(space.vectors)} tokens, the vocabulary {len(texts)}",
                hint="Take both from the same model.",
            )
        self.texts = tuple(texts)
        self.space = space
        self._lock = Lock()
        self._ordered: dict[tuple[bool, bool], tuple[list[str], Int64[np.ndarray, vocab]]] = {}
        self._masks: OrderedDict[TokenTest, Bool[np.ndarray, vocab]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.texts)

    def ids(self, text: str) -> Int64[np.ndarray, "id"]:
        """Ids whose text is exactly this, rising; none where there is no such token."""
        return self._by_text.get(text, NO_IDS)

    def folded_ids(self, text: str) -> Int64[np.ndarray, "id"]:
        """Ids whose text is this without regard to case and surrounding blanks."""
        return self._by_folded.get(fold(text), NO_IDS)

    def mask(self, test: TokenTest, check: Check = go_on) -> Bool[np.ndarray, "vocab"]:
        """Which tokens pass; read-only. That a window's first token starts a word is not known
        here. A mask that `check` ends is not kept."""
        with self._lock:
            kept = self._masks.get(test)
            if kept is not None:
                self._masks.move_to_end(test)
                return kept
        made = self._make_mask(test, check)
        made.flags.writeable = False
        if isinstance(test, Near) and len(test.texts) > MOST_KEPT_NAMES:
            return made
        with self._lock:
            self._masks[test] = made
            while len(self._masks) * max(1, len(self)) > MASK_BYTES and len(self._masks) > 1:
                self._masks.popitem(last=False)
        return made

    def levels(self, table: Table) -> Float32[np.ndarray, "vocab"]:
        """What each token adds; the last line of a text that is listed twice holds."""
        levels = np.zeros(len(self), np.float32)
        by_text = self._by_text
        for text, level in table.levels:
            ids = by_text.get(text)
            if ids is not None:
                levels[ids] = level
        return levels

    @cached_property
    def first_of_text(self) -> Int64[np.ndarray, "vocab"]:
        """Of each id the lowest with the same text: itself, but where texts repeat."""
        first = np.arange(len(self))
        for ids in self._by_text.values():
            first[ids] = ids[0]
        return first

    @cached_property
    def raw(self) -> list[bytes]:
        """What each token adds to the text of a window, in bytes."""
        return [bytes_of_token(text) for text in self.texts]

    @cached_property
    def brackets(self) -> Int64[np.ndarray, "2 vocab"]:
        """Of each token: brackets that it opens less those that it closes, and the lowest that
        this gets on the way."""
        counts = np.zeros((2, len(self)), np.int64)
        for token, text in enumerate(self.texts):
            open_now = lowest = 0
            for letter in text:
                open_now += (letter in "([{") - (letter in ")]}")
                lowest = min(lowest, open_now)
            counts[:, token] = open_now, lowest
        return counts

    @cached_property
    def folded(self) -> list[str]:
        return [fold(text) for text in self.texts]

    @cached_property
    def shapes(self) -> list[Shape]:
        return [shape_of(text) for text in self.texts]

    @cached_property
    def _by_text(self) -> dict[str, Int64[np.ndarray, "id"]]:
        return _grouped(self.texts)

    @cached_property
    def _by_folded(self) -> dict[str, Int64[np.ndarray, "id"]]:
        return _grouped(self.folded)

    def _make_mask(self, test: TokenTest, check: Check) -> Bool[np.ndarray, "vocab"]:
        match test:
            case OneOf(texts, folded):
                return self._listed(map(self.folded_ids if folded else self.ids, texts))
            case Affix("contains", text, folded):
                part = fold(text) if folded else text
                return self._passing(lambda token: part in token, check, folded=folded)
            case Affix():
                return self._with_affix(test)
            case HasShape(shape):
                return np.array([found == shape for found in self.shapes], np.bool_)
            case StartsWord():
                return self._passing(lambda text: text[:1].isspace() and not text.isspace(), check)
            case Matches(source, folded):
                pattern = compile_pattern(source, folded=folded)
                return self._passing(pattern.matches, check, folded=folded)
            case Near():
                return self._near(test, check)

    def _listed(self, groups: Iterable[Int64[np.ndarray, "id"]]) -> Bool[np.ndarray, "vocab"]:
        mask = np.zeros(len(self), np.bool_)
        for ids in groups:
            mask[ids] = True
        return mask

    def _passing(
        self, passes: Callable[[str], bool], check: Check, *, folded: bool = False
    ) -> Bool[np.ndarray, "vocab"]:
        texts = self.folded if folded else self.texts
        mask = np.zeros(len(texts), np.bool_)
        for start in range(0, len(texts), AT_ONCE):
            check()
            block = texts[start : start + AT_ONCE]
            mask[start : start + AT_ONCE] = np.fromiter(map(passes, block), np.bool_, len(block))
        return mask

    def _with_affix(self, test: Affix) -> Bool[np.ndarray, "vocab"]:
        """What begins with a text stands together in order; what ends with it does when read
        backwards."""
        text = fold(test.text) if test.folded else test.text
        backwards = test.kind == "ends"
        text = text[::-1] if backwards else text
        ordered, ids = self._in_order(folded=test.folded, backwards=backwards)
        first = bisect_left(ordered, text)
        last = bisect_right(ordered, text, lo=first, key=lambda token: token[: len(text)])
        mask = np.zeros(len(self), np.bool_)
        mask[ids[first:last]] = True
        return mask

    def _in_order(
        self, *, folded: bool, backwards: bool
    ) -> tuple[list[str], Int64[np.ndarray, "vocab"]]:
        """The texts in order, and whose they are."""
        kept = self._ordered.get((folded, backwards))
        if kept is None:
            texts = self.folded if folded else self.texts
            read = [text[::-1] for text in texts] if backwards else list(texts)
            ids = sorted(range(len(read)), key=read.__getitem__)
            kept = [read[token] for token in ids], np.array(ids, np.int64)
            self._ordered[folded, backwards] = kept
        return kept

    def _near(self, test: Near, check: Check) -> Bool[np.ndarray, "vocab"]:
        if self.space is None:
            raise ProgramError(
                "`near` needs to know where the model's tokens lie to each other",
                hint="Use `in`, or explain this model's neurons once: that measures it.",
            )
        named = np.unique(np.concatenate([NO_IDS, *map(self.ids, test.texts)]))
        mask = self.space.nearest(named, test.first, check)
        mask[named] = True
        return mask


def _grouped(texts: Sequence[str]) -> dict[str, Int64[np.ndarray, "id"]]:
    groups: dict[str, list[int]] = {}
    for token, text in enumerate(texts):
        groups.setdefault(text, []).append(token)
    return {text: np.array(ids, np.int64) for text, ids in groups.items()}
