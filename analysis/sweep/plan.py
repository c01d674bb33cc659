"""What a sweep will do, before it does it: shards of windows, what is kept, how large it gets.

Every split begins with its pilot shard, whose maxima set the edges of the intervals: the windows of
its pool, and more where they are too few for quantiles. Windows of a split stand in random order,
so the pilot is a uniform sample of it. The pilots of all splits come first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.records import Site
from analysis.sweep.kernels.arguments import Counting
from analysis.sweep.layout import Kept
from analysis.sweep.pool import pool_bytes

SMALLEST_PILOT = 64
"""Windows that are held until the interval edges are known, when no pool is kept."""
ENOUGH_FOR_EDGES = 256
"""Windows from which interval edges are estimated, where a quarter of the split is as many."""


@dataclass(frozen=True)
class SplitPlan:
    split: str
    numbers: range
    """Window numbers of the split."""
    kept: Kept
    n_pool: int
    """Windows whose every activation is kept; never more than there are."""

    @property
    def n_held(self) -> int:
        """Windows of the pilot whose activations are at hand when the edges become known; only
        these of the pilot, and all windows after it, may be kept for an interval."""
        return self.n_pool or min(SMALLEST_PILOT, len(self.numbers))

    @property
    def n_pilot(self) -> int:
        if not self.kept.per_interval:
            return self.n_held
        return max(self.n_held, min(ENOUGH_FOR_EDGES, len(self.numbers) // 4))


@dataclass(frozen=True)
class Shard:
    """A run of windows that is counted as a whole or not at all."""

    split: str
    number: int
    """Within the split; 0 is the pilot."""
    windows: range

    @property
    def pilot(self) -> bool:
        return self.number == 0


@dataclass(frozen=True)
class Plan:
    splits: tuple[SplitPlan, ...]
    counting: Counting
    n_pos: int
    """Tokens per window."""
    batch_size: int
    windows_per_shard: int

    @property
    def shards(self) -> tuple[Shard, ...]:
        """In the order of the work."""
        pilots = [Shard(s.split, 0, s.numbers[: s.n_pilot]) for s in self.splits]
        rest = [shard for s in self.splits for shard in self._after_pilot(s)]
        return tuple(shard for shard in (*pilots, *rest) if len(shard.windows))

    @property
    def n_windows(self) -> int:
        return sum(len(s.numbers) for s in self.splits)

    def of(self, split: str) -> SplitPlan:
        return next(s for s in self.splits if s.split == split)

    def kept(self, split: str, site: Site) -> Kept:
        """Heads have no bottom: a norm is never below 0, and near 0 it says nothing."""
        kept = self.of(split).kept
        if site.kind == "attn":
            return Kept(kept.top, 0, kept.per_interval, kept.random)
        return kept

    def n_pool_bytes(self, sites: Sequence[Site]) -> int:
        """Disk that the pools of all splits take."""
        return sum(
            pool_bytes(site.n_units, s.n_pool, self.n_pos) for site in sites for s in self.splits
        )

    def n_state_bytes(self, sites: Sequence[Site]) -> int:
        """Memory that the kept windows take while the sweep runs, whatever the corpus."""
        return sum(
            site.n_units * self.kept(s.split, site).n_slots * (2 * self.n_pos + 16)
            for site in sites
            for s in self.splits
        )

    def _after_pilot(self, split: SplitPlan) -> list[Shard]:
        step = self.windows_per_shard
        starts = range(split.n_pilot, len(split.numbers), step)
        return [
            Shard(split.split, 1 + i, split.numbers[start : start + step])
            for i, start in enumerate(starts)
        ]


def make_plan(
    *,
    numbers: Mapping[str, range],
    kept: Mapping[str, Kept],
    n_pool: Mapping[str, int],
    counting: Counting,
    n_pos: int,
    batch_size: int,
    windows_per_shard: int,
) -> Plan:
    """A plan over the splits that have windows."""
    splits = tuple(
        SplitPlan(split, there, kept[split], min(n_pool[split], len(there)))
        for split, there in numbers.items()
        if len(there)
    )
    return Plan(splits, counting, n_pos, batch_size, windows_per_shard)
