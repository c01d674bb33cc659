"""Mean, variance, skewness and kurtosis of a stream, merged exactly whatever the order.

Each shard of the corpus gives central moments about its own mean (float64). Two neighbouring
blocks of shards are joined by the formulas of Chan, Golub and LeVeque (1979), for third and
fourth moments Pébay (2008). Floating-point addition is not associative, so a running merge would
depend on the order of the shards; here blocks are joined only with their sibling in the binary
tree over shard numbers. The state of a set of shards is therefore one fixed thing: the set of its
maximal complete subtrees, at most two per level for a contiguous run.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

Node = tuple[int, int]
"""(level, index): the block of shards [index·2^level, (index+1)·2^level)."""


@dataclass(frozen=True)
class Moments:
    """Of every unit of a site over one block of shards; sums of powers about the block's mean."""

    n: Int[ndarray, " unit"]
    mean: Float[ndarray, " unit"]
    m2: Float[ndarray, " unit"]
    m3: Float[ndarray, " unit"]
    m4: Float[ndarray, " unit"]

    @classmethod
    def from_power_sums(
        cls,
        n: Int[ndarray, " unit"],
        shift: Float[ndarray, " unit"],
        sums: Float[ndarray, "4 unit"],
    ) -> "Moments":
        """From Σ(a−shift)^p, p = 1 to 4; accurate when shift is near the mean."""
        count = np.maximum(n, 1).astype(np.float64)
        r1, r2, r3, r4 = (s / count for s in sums.astype(np.float64))
        c2 = np.maximum(r2 - r1**2, 0)
        c3 = r3 - 3 * r1 * r2 + 2 * r1**3
        c4 = np.maximum(r4 - 4 * r1 * r3 + 6 * r1**2 * r2 - 3 * r1**4, 0)
        mean = np.where(n > 0, shift + r1, 0.0)
        return cls(n.astype(np.int64), mean, c2 * n, c3 * n, c4 * n)

    def joined(self, other: "Moments") -> "Moments":
        """Of both blocks; `self` is the left one."""
        a, b = self.n.astype(np.float64), other.n.astype(np.float64)
        n = a + b
        safe = np.maximum(n, 1)
        d = other.mean - self.mean
        mean = np.where(b == 0, self.mean, np.where(a == 0, other.mean, self.mean + d * b / safe))
        d = np.where((a == 0) | (b == 0), 0.0, d)
        m2 = self.m2 + other.m2 + d**2 * a * b / safe
        m3 = (
            self.m3
            + other.m3
            + d**3 * a * b * (a - b) / safe**2
            + 3 * d * (a * other.m2 - b * self.m2) / safe
        )
        m4 = (
            self.m4
            + other.m4
            + d**4 * a * b * (a**2 - a * b + b**2) / safe**3
            + 6 * d**2 * (a**2 * other.m2 + b**2 * self.m2) / safe**2
            + 4 * d * (a * other.m3 - b * self.m3) / safe
        )
        return Moments(self.n + other.n, mean, m2, m3, m4)

    def variance(self) -> Float[ndarray, " unit"]:
        """Population variance; NaN where nothing was counted."""
        return np.where(self.n > 0, self.m2 / np.maximum(self.n, 1), np.nan)

    def skewness(self) -> Float[ndarray, " unit"]:
        """Third standardised moment; NaN where the activation is constant."""
        return self._standardised(self.m3, 3)

    def kurtosis(self) -> Float[ndarray, " unit"]:
        """Pearson's, 3 for a Gaussian; NaN where the activation is constant."""
        return self._standardised(self.m4, 4)

    def _standardised(self, moment: Float[ndarray, " unit"], power: int) -> Float[ndarray, " unit"]:
        variance = self.variance()
        # Below this the variance is rounding noise of the mean, and a ratio of noises says nothing.
        defined = variance > (np.abs(self.mean) * 1e-7) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            value = moment / np.maximum(self.n, 1) / variance ** (power / 2)
        return np.where(defined & (variance > 0), value, np.nan)


@dataclass
class MomentTree:
    """Moments of a growing set of shards."""

    nodes: dict[Node, Moments] = field(default_factory=dict)

    def add(self, shard: int, moments: Moments) -> None:
        """Take in one shard; each shard once."""
        self._insert((0, shard), moments)

    def merge(self, other: "MomentTree") -> None:
        """Take in the shards of another tree; no shard may be in both."""
        for node in sorted(other.nodes):
            self._insert(node, other.nodes[node])

    def total(self) -> Moments:
        """Over all shards, joined from left to right.

        Raises:
            ValueError: there is no shard yet.
        """
        if not self.nodes:
            raise ValueError("no shard has been added")
        blocks = sorted(self.nodes, key=lambda node: node[1] << node[0])
        total = self.nodes[blocks[0]]
        for block in blocks[1:]:
            total = total.joined(self.nodes[block])
        return total

    def _insert(self, node: Node, moments: Moments) -> None:
        self._refuse_overlap(node)
        level, index = node
        while (level, index ^ 1) in self.nodes:
            sibling = self.nodes.pop((level, index ^ 1))
            moments = sibling.joined(moments) if index & 1 else moments.joined(sibling)
            level, index = level + 1, index >> 1
        self.nodes[(level, index)] = moments

    def _refuse_overlap(self, node: Node) -> None:
        first, end = node[1] << node[0], (node[1] + 1) << node[0]
        for level, index in self.nodes:
            if first < (index + 1) << level and index << level < end:
                raise ValueError(f"shards {first} to {end - 1} are already counted")
