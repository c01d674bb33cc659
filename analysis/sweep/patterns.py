"""For heads: which earlier tokens they read, at every position of the windows that are kept.

A pattern is a function of head and window, so patterns are looked up by both: merging is a union.
Only the strongest few sources of each position are kept; the rest of the probability is what they
lack to 1.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float16, UInt16, UInt32
from numpy import ndarray
from torch import Tensor

N_SOURCES = 4

PatternOf = Callable[[int, int], Float[Tensor, "pos pos"]]
"""(window in the batch, head) to the head's attention pattern."""


@dataclass(frozen=True)
class Pattern:
    sources: UInt16[ndarray, "pos source"]
    """Source positions, strongest first."""
    weights: Float16[ndarray, "pos source"]


@dataclass
class Patterns:
    n_pos: int
    found: dict[tuple[int, int], Pattern] = field(default_factory=dict)
    """(head, window number) to pattern."""

    def read(
        self, wanted: Iterable[tuple[int, int]], windows: UInt32[ndarray, " batch"], of: PatternOf
    ) -> None:
        """Compute the wanted (head, window number) patterns; all windows are in the batch."""
        place = {int(number): b for b, number in enumerate(windows)}
        for head, number in wanted:
            if (head, number) not in self.found:
                self.found[head, number] = strongest(of(place[number], head), self.n_pos)

    def keep_only(self, windows: UInt32[ndarray, "head slot"]) -> None:
        """Forget patterns of windows that are in no slot of their head."""
        held = {(head, int(number)) for head, row in enumerate(windows) for number in row}
        self.found = {key: pattern for key, pattern in self.found.items() if key in held}

    def merged(self, other: "Patterns") -> "Patterns":
        return Patterns(self.n_pos, self.found | other.found)

    def arrays(self) -> dict[str, ndarray]:
        """For saving: keys in order, and the patterns that belong to them."""
        keys = sorted(self.found)
        nothing = np.zeros((0, self.n_pos, N_SOURCES))
        found = [self.found[key] for key in keys]
        return {
            "keys": np.array(keys, np.int64).reshape(-1, 2),
            "sources": np.stack([p.sources for p in found]) if found else nothing.astype("u2"),
            "weights": np.stack([p.weights for p in found]) if found else nothing.astype("f2"),
        }

    @classmethod
    def from_arrays(cls, n_pos: int, arrays: dict[str, ndarray]) -> "Patterns":
        rows = zip(arrays["keys"].tolist(), arrays["sources"], arrays["weights"], strict=True)
        found = {(head, number): Pattern(s, w) for (head, number), s, w in rows}
        return cls(n_pos, found)


def strongest(pattern: Float[Tensor, "pos pos"], n_pos: int) -> Pattern:
    """The strongest sources of every position, filled up with zeros to n_pos positions."""
    there = pattern.shape[0]
    top = torch.topk(pattern, min(N_SOURCES, there), dim=-1)
    sources = np.zeros((n_pos, N_SOURCES), np.uint16)
    weights = np.zeros((n_pos, N_SOURCES), np.float16)
    sources[:there, : top.indices.shape[1]] = top.indices.cpu().numpy()
    weights[:there, : top.values.shape[1]] = top.values.cpu().numpy()
    return Pattern(sources, weights)
