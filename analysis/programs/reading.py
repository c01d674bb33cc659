"""What all programs that run on the same windows share: computed once, when first asked for.

A reading belongs to one thread. Everything in it is causal: what it says of a token depends on the
window up to and with that token.
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int, Int64
from numpy.typing import NDArray

from analysis.programs.check import Check, go_on
from analysis.programs.errors import ProgramError
from analysis.programs.joined_text import JoinedText
from analysis.programs.program import OneOf, StartsWord, TokenTest
from analysis.programs.vocabulary import Vocabulary, fold

PASSING_BYTES = 2**26
"""Of what is kept of tests at every token."""


class Reading:
    """Windows of tokens; what lies past a window's end is never looked at."""

    def __init__(
        self,
        tokens: Int[np.ndarray, "window pos"],
        lengths: Int[np.ndarray, "window"],
        vocabulary: Vocabulary,
        check: Check = go_on,
    ) -> None:
        self.vocabulary = vocabulary
        self.check = check
        """Called between the parts of long work."""
        self.there: Bool[np.ndarray, "window pos"] = (
            np.arange(tokens.shape[1])[None] < np.asarray(lengths)[:, None]
        )
        self.tokens: Int64[np.ndarray, "window pos"] = np.where(self.there, tokens, 0)
        _check(self.tokens, vocabulary)
        self._passing: OrderedDict[TokenTest, Bool[np.ndarray, "window pos"]] = OrderedDict()

    @property
    def shape(self) -> tuple[int, int]:
        return self.there.shape

    def passing(self, test: TokenTest) -> Bool[np.ndarray, "window pos"]:
        """Which tokens pass; read-only. Past a window's end it means nothing."""
        kept = self._passing.get(test)
        if kept is not None:
            self._passing.move_to_end(test)
            return kept
        passing = self._compute(test)
        passing.flags.writeable = False
        self._passing[test] = passing
        if len(self._passing) * max(1, passing.size) > PASSING_BYTES:
            self._passing.popitem(last=False)
        return passing

    def _compute(self, test: TokenTest) -> Bool[np.ndarray, "window pos"]:
        if isinstance(test, OneOf):
            # Lists are short and the most frequent test: look up where their tokens stand.
            return self._listed(self._folded_places if test.folded else self._places, test)
        passing: NDArray[np.bool_] = self.vocabulary.mask(test, self.check)[self.tokens]
        if isinstance(test, StartsWord):
            passing[:, :1] = True
        return passing

    def _listed(
        self, places: dict[str, Int64[np.ndarray, "place"]], test: OneOf
    ) -> Bool[np.ndarray, "window pos"]:
        texts = map(fold, test.texts) if test.folded else test.texts
        passing = np.zeros(self.there.size, np.bool_)
        for text in texts:
            there = places.get(text)
            if there is not None:
                passing[there] = True
        return passing.reshape(self.shape)

    @cached_property
    def _places(self) -> dict[str, Int64[np.ndarray, "place"]]:
        return self._grouped(self.vocabulary.texts)

    @cached_property
    def _folded_places(self) -> dict[str, Int64[np.ndarray, "place"]]:
        return self._grouped(self.vocabulary.folded)

    def _grouped(self, texts: Sequence[str]) -> dict[str, Int64[np.ndarray, "place"]]:
        """Where each text stands, as places in all windows laid end to end."""
        order = np.argsort(self.tokens, axis=None, kind="stable")
        ids, firsts = np.unique(self.tokens.ravel()[order], return_index=True)
        places: dict[str, list[NDArray[np.int64]]] = {}
        if not len(ids):
            return {}
        for token, there in zip(ids.tolist(), np.split(order, firsts[1:]), strict=True):
            places.setdefault(texts[token], []).append(there)
        return {text: np.concatenate(there) for text, there in places.items()}

    @cached_property
    def earlier(self) -> Int64[np.ndarray, "window pos"]:
        """The place where the token last occurred earlier in its window; -1: nowhere."""
        return _last_earlier(self.tokens)

    @cached_property
    def after_earlier(self) -> Int64[np.ndarray, "window pos"]:
        """Where the token stands that followed then, as a place in all windows laid end to end; 0
        where there is none."""
        starts = np.arange(self.shape[0])[:, None] * self.shape[1]
        return np.where(self.earlier >= 0, starts + self.earlier + 1, 0)

    @cached_property
    def continues(self) -> Bool[np.ndarray, "window pos"]:
        """Whether the token and the one before it stood side by side before."""
        pairs = self.tokens[:, :-1] * len(self.vocabulary) + self.tokens[:, 1:]
        found = np.zeros(self.shape, np.bool_)
        found[:, 1:] = _last_earlier(pairs) >= 0
        return found

    @cached_property
    def depth(self) -> Int64[np.ndarray, "window pos"]:
        """Brackets that are open after the token; closing ones that nothing opened do not count."""
        balance, lowest = self.vocabulary.brackets[:, self.tokens]
        after = balance.cumsum(1)
        low_points = np.minimum.accumulate(after - balance + lowest, axis=1)
        depth: Int64[np.ndarray, "window pos"] = after - np.minimum(low_points, 0)
        return depth

    @cached_property
    def joined(self) -> JoinedText:
        return JoinedText(self.tokens, self.there, self.vocabulary.raw)

    @cached_property
    def in_quotes(self) -> Bool[np.ndarray, "window pos"]:
        return self.joined.in_quotes()

    @cached_property
    def in_code(self) -> Bool[np.ndarray, "window pos"]:
        return self.joined.in_code()


def _check(tokens: Int64[np.ndarray, "window pos"], vocabulary: Vocabulary) -> None:
    if tokens.size and not 0 <= tokens.min() <= tokens.max() < len(vocabulary):
        raise ProgramError(
            f"token ids from {tokens.min()} to {tokens.max()} for a vocabulary of "
            f"{len(vocabulary)}",
            hint="Take windows and vocabulary of the same model.",
        )


def _last_earlier(keys: Int64[np.ndarray, "window pos"]) -> Int64[np.ndarray, "window pos"]:
    order = np.argsort(keys, axis=1, kind="stable")
    ranked = np.take_along_axis(keys, order, 1)
    before = np.full(keys.shape, -1, np.int64)
    before[:, 1:] = np.where(ranked[:, 1:] == ranked[:, :-1], order[:, :-1], -1)
    earlier = np.empty(keys.shape, np.int64)
    np.put_along_axis(earlier, order, before, 1)
    return earlier
