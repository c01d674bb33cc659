"""The text that causal runs are measured on: windows, positions that are edited, and those at which
the output is looked at.

Windows of one chunk are traced together, so a chunk is bounded by bytes. A causal model may be
given windows of unequal lengths, padded on the right: what is behind a position changes nothing
at it. Others are given windows of one length at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64
from numpy import ndarray

from analysis.records import ModelFacts
from analysis.score.pools import Pool, PoolText, prepare_pool

MOST_BYTES = 2**29
"""Of what is kept of the unedited run of one chunk of windows."""


@dataclass(frozen=True, eq=False)
class MeasuredText:
    """Windows of the test split, in the order in which they are measured."""

    tokens: Int64[ndarray, "window pos"]
    lengths: Int64[ndarray, " window"]
    edited: Bool[ndarray, "window pos"]
    """Counted positions: there the unit is replaced, or moved."""
    looked_at: tuple[Int64[ndarray, " _"], ...]
    """Per window, rising: counted positions with a token behind them, at random."""
    pool: Pool
    """Its documents, and how often each resample draws them."""

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def n_places(self) -> int:
        return sum(len(places) for places in self.looked_at)

    def first(self, n: int) -> "MeasuredText":
        """The first windows alone, with resamples of their documents."""
        if n >= len(self):
            return self
        text = PoolText(
            self.lengths[:n],
            self.pool.document_of[:n],
            np.arange(n, dtype=np.int64),
            self.pool.counted_from,
        )
        pool = prepare_pool(
            text,
            n_pos=self.tokens.shape[1],
            seed=self.pool.seed,
            replicates=self.pool.replicates,
        )
        return MeasuredText(
            self.tokens[:n], self.lengths[:n], self.edited[:n], self.looked_at[:n], pool
        )


def measured_text(
    tokens: Int64[ndarray, "window pos"],
    about: PoolText,
    *,
    most_windows: int,
    most_places: int,
    seed: int,
) -> tuple[MeasuredText, Int64[ndarray, " chosen"]]:
    """The text, and which rows of the pool it is: no document a second time before each has had its
    turn, for intervals stand on documents."""
    pool = prepare_pool(about, n_pos=tokens.shape[1], seed=seed)
    chosen = _in_turn(pool.document_of)[:most_windows]
    about = PoolText(
        about.lengths[chosen], about.documents[chosen], about.numbers[chosen], about.counted_from
    )
    tokens = tokens[chosen]
    pool = prepare_pool(about, n_pos=tokens.shape[1], seed=seed)
    n_pos = tokens.shape[1]
    ahead = np.arange(n_pos) + 1 < about.lengths[:, None]
    allowed = (pool.within & ahead).ravel()
    looked_at = tuple(
        np.sort((order[allowed[order]] % n_pos)[:most_places]) for order in pool.order
    )
    text = MeasuredText(tokens, about.lengths, np.asarray(pool.within), looked_at, pool)
    return text, chosen


def chunks(text: MeasuredText, facts: ModelFacts) -> Iterator[Int64[ndarray, " window"]]:
    """Windows that are traced together; all of one length where the model is not causal."""
    at_once = max(1, MOST_BYTES // _bytes_per_window(facts, text.tokens.shape[1]))
    numbers = np.arange(len(text))
    if facts.causal:
        groups = [numbers]
    else:
        groups = [numbers[text.lengths == length] for length in np.unique(text.lengths)]
    for group in groups:
        for start in range(0, len(group), at_once):
            yield group[start : start + at_once]


def _bytes_per_window(facts: ModelFacts, n_pos: int) -> int:
    """In float32, of what a trace keeps: the stream, and what enters the sites of every layer."""
    per_layer = facts.d_model + facts.d_mlp + facts.n_heads * facts.d_head
    return 4 * n_pos * (facts.n_layers * per_layer + 2 * facts.d_model)


def _in_turn(document_of: Int64[ndarray, " window"]) -> Int64[ndarray, " window"]:
    """The first window of every document, then the second of each, and so on."""
    turns = np.zeros(len(document_of), np.int64)
    seen: dict[int, int] = {}
    for number, document in enumerate(document_of.tolist()):
        turns[number] = seen.get(document, 0)
        seen[document] = turns[number] + 1
    return np.argsort(turns, kind="stable")
