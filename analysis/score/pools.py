"""Which positions of a pool count, which documents are drawn together, and what is drawn at random.

All of it is the same for every unit of a run, so it is prepared once: the resamples of documents,
and the order in which marks are shuffled. Both depend on the seed and on the numbers of documents
and windows, not on the order in which the windows are given.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64
from numpy import ndarray

from analysis.score.bootstrap import FEWEST_DOCUMENTS, draw_documents

REPLICATES = 1000


@dataclass(frozen=True)
class PoolText:
    """The windows of a pool, as far as scoring has to know them."""

    lengths: Int64[ndarray, " window"]
    """In tokens; what lies behind is not counted."""
    documents: Int64[ndarray, " window"]
    """What is drawn as one in the bootstrap: the document, or the group that it is of (a book, a
    speaker) where documents are split by group."""
    numbers: Int64[ndarray, " window"]
    """Of the windows in the corpus."""
    counted_from: int = 1
    """First position that counts."""


@dataclass(frozen=True)
class Pool:
    """A pool, prepared for scoring any number of units."""

    within: Bool[ndarray, "window pos"]
    counted_from: int
    membership: Float64[ndarray, "document window"]
    """1 where the window is of the document; documents in the order of their numbers."""
    document_of: Int64[ndarray, " window"]
    """Row of `membership`."""
    order: Int64[ndarray, "window pos"]
    """A random permutation of each window's positions, as places in the flattened pool."""
    draws: Float64[ndarray, "replicate document"]
    """How often each document is drawn; no rows where there are too few documents."""
    seed: int
    replicates: int

    @property
    def n_documents(self) -> int:
        return len(self.membership)


def prepare_pool(
    text: PoolText, *, n_pos: int, seed: int = 0, replicates: int = REPLICATES
) -> Pool:
    """The pool with everything random drawn; `replicates` 0: no intervals.

    Raises:
        ValueError: the arrays are of unequal lengths.
    """
    if not len(text.lengths) == len(text.documents) == len(text.numbers):
        raise ValueError(
            f"A pool of {len(text.lengths)} lengths, {len(text.documents)} documents and "
            f"{len(text.numbers)} window numbers: give one of each per window."
        )
    places = np.arange(n_pos)
    within = (places >= text.counted_from) & (places < text.lengths[:, None])
    documents, document_of = np.unique(text.documents, return_inverse=True)
    order = np.argsort(_keys(text.numbers, n_pos, seed), axis=1)
    enough = len(documents) >= FEWEST_DOCUMENTS
    return Pool(
        within=within,
        counted_from=text.counted_from,
        membership=(document_of == np.arange(len(documents))[:, None]).astype(np.float64),
        document_of=document_of.astype(np.int64),
        order=order + n_pos * np.arange(len(order))[:, None],
        draws=draw_documents(len(documents), replicates if enough else 0, seed),
        seed=seed,
        replicates=replicates,
    )


def _keys(
    numbers: Int64[ndarray, " window"], n_pos: int, seed: int
) -> UInt64[ndarray, "window pos"]:
    """A random number for every position of every window: the finaliser of SplitMix64."""
    rows = numbers.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    start = np.uint64(seed * 0xD1342543DE82EF95 % 2**64)
    keys: ndarray = rows + np.arange(n_pos, dtype=np.uint64) + start
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(keys ^ (keys >> np.uint64(31)))
