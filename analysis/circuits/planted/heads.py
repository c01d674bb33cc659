"""One attention head as it is drafted: where it looks, and what it brings from there.

Whoever looks for something and finds nothing looks at BOS, from which nothing is brought. Scores
are not scaled (`attn_scale` 1). A turn within queries and keys, and one within values and output,
changes nothing that the head does, so each is drawn at random.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

CERTAIN = 20.0
"""A score that leaves everything else e^−20 of the attention."""
FOUND = 14.0
SINK = 8.0
"""BOS has 1 : 400 of the attention where something is found, all but 2 % where nothing is."""


class Head:
    """Queries, keys, values and output of one head; dimensions are those of the residual stream."""

    def __init__(self, d_model: int, d_head: int) -> None:
        self.query, self.key, self.value = (np.zeros((d_model, d_head)) for _ in range(3))
        self.query_bias = np.zeros(d_head)
        self.out = np.zeros((d_head, d_model))
        self._n_scores = self._n_values = 0

    def look_back(self, positions: range, n: int = 1) -> None:
        """At the position so many before; at the first, where there is none."""
        ours = self._scores(len(positions))
        for place, dimension in enumerate(positions):
            self.query[dimension, ours[max(place - n, 0)]] = CERTAIN
            self.key[dimension, ours[place]] = 1

    def match(self, here: range, there: range, score: float = FOUND) -> None:
        """At places of which `there` says what `here` says of this one."""
        for one, other in zip(here, there, strict=True):
            ours = self._scores(1)[0]
            self.query[one, ours], self.key[other, ours] = score, 1

    def look_for(self, there: int, unless: Mapping[int, float] | None = None) -> None:
        """At places that have this dimension; `unless` takes from the score, by dimension here."""
        ours = self._scores(1)[0]
        self.query_bias[ours], self.key[there, ours] = FOUND, 1
        for here, less in (unless or {}).items():
            self.query[here, ours] = -less

    def rest_at(self, bos: int, score: float = SINK) -> None:
        """At BOS, with this score."""
        ours = self._scores(1)[0]
        self.query_bias[ours], self.key[bos, ours] = score, 1

    def bring(self, there: int, writes: Mapping[int, float]) -> None:
        """Writes so much of the dimension there to dimensions here."""
        ours = self._n_values
        self._n_values += 1
        self.value[there, ours] = 1
        for here, weight in writes.items():
            self.out[ours, here] = weight

    def turn(
        self,
        scores: Float64[ndarray, "d_head d_head"],
        values: Float64[ndarray, "d_head d_head"],
    ) -> None:
        """The same head in another basis of its own dimensions; both matrices orthogonal."""
        self.query, self.key = self.query @ scores, self.key @ scores
        self.query_bias = self.query_bias @ scores
        self.value, self.out = self.value @ values, values.T @ self.out

    def _scores(self, n: int) -> range:
        """So many of its own dimensions that nothing else uses."""
        self._n_scores += n
        return range(self._n_scores - n, self._n_scores)
