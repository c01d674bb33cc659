"""How much a sweep will write, told from its request before any window is cut.

The worker knows it exactly once windows are cut, and then refuses what does not fit.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from app.store.queries.corpus import get_corpus
from app.store.queries.model import list_sites
from app.store.requests import SweepRequest
from app.store.sampling import amounts_of, most_windows

CHARACTERS_PER_TOKEN: Final = 4
"""Of English text with a vocabulary of tens of thousands."""
INTERVALS: Final = 5
OF_STATISTICS: Final = 700
"""Bytes per unit and split of statistics, their indices and histogram."""
OF_EXEMPLAR: Final = 16
"""Bytes of an exemplar besides its activations, which take two per token."""
OF_PATTERN: Final = 16
"""Bytes per token of a head's exemplar besides: four source positions, each with its share."""


@dataclass(frozen=True)
class SweepSize:
    """Bytes, about."""

    pools: int
    rows: int
    n_units: int

    @property
    def n_bytes(self) -> int:
        return self.pools + self.rows


def size_of(session: Session, request: SweepRequest) -> SweepSize:
    """Raises NotFoundError where the model or the corpus is not there."""
    sites = list_sites(session, model=request.model)
    corpus = get_corpus(session, name=request.corpus)
    length = request.window_length
    pools = rows = 0
    for split, characters in corpus.characters.items():
        tokens = characters / CHARACTERS_PER_TOKEN
        windows = max(1, round(tokens / length) + corpus.splits[split] // 2)
        most = most_windows(request, split)
        windows = windows if most is None else min(windows, most)
        if not windows:
            continue
        kept = amounts_of(request, split)
        for site in sites:
            bottom = kept.bottom if site.kind == "mlp" else 0
            slots = kept.top + bottom + INTERVALS * kept.per_interval + kept.random
            of_slot = OF_EXEMPLAR + length * (2 if site.kind == "mlp" else 2 + OF_PATTERN)
            rows += site.n_units * (OF_STATISTICS + slots * of_slot)
            pools += site.n_units * min(kept.pool, windows) * length * 2
    return SweepSize(pools, rows, sum(site.n_units for site in sites))
