"""The scores of one explanation as tables: one per judge, a row per metric, a column per split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.rendering.score import METRICS
from app.store.views.score import ScoreView, Tail

JUDGED: Final[Mapping[Tail, str]] = {
    "upper": "the upper tail (activations above their 99th percentile on fit), the heavier one: "
    "there its outermost 1 % lie farther from the median, or nothing lies below 0.",
    "lower": "the lower tail (activations below their 1st percentile on fit), the heavier one: "
    "there its outermost 1 % lie farther from the median, or nothing lies above 0.",
}


@dataclass(frozen=True)
class ScoreRowView:
    metric: str
    protocol: str
    splits: list[str]
    scores: list[ScoreView | None]
    """In the order of the table's splits, test first."""

    @property
    def test(self) -> ScoreView | None:
        return self.scores[0]

    @property
    def others(self) -> list[ScoreView]:
        return [score for score in self.scores[1:] if score is not None]

    def baselines(self, name: str) -> list[tuple[str, float | None]]:
        """Of each split, test first."""
        return [
            (split, None if score is None else getattr(score.baselines, name))
            for split, score in zip(self.splits, self.scores, strict=True)
        ]

    @property
    def judges_one_tail(self) -> bool:
        """Whether it asks when the unit fires, which is beyond a threshold."""
        return self.metric.startswith(("detection", "fuzzing", "auroc"))

    @property
    def tail(self) -> Tail | None:
        """Which one that is; None where it is not told."""
        return next((s.tail for s in self.scores if s is not None and s.tail is not None), None)

    @property
    def is_of_untold_tail(self) -> bool:
        """Whether it judged one and does not tell which: it was stored before that was told."""
        judged = any(s is not None and s.status in ("ok", "undefined") for s in self.scores)
        return self.judges_one_tail and judged and self.tail is None


@dataclass(frozen=True)
class ScoreTableView:
    splits: list[str]
    rows: list[ScoreRowView]
    not_run: list[str]
    """Metrics that nobody asked for, in words."""
    notes: list[str]
    """How much was scored, split by split; which tail was judged, and why."""
    n_failed: int


def by_judge(scores: Sequence[ScoreView]) -> list[tuple[str, ScoreTableView]]:
    """The program first, then other judges by name."""
    judges = sorted(
        {score.judge for score in scores}, key=lambda judge: (judge != "program", judge)
    )
    return [(judge, _table([s for s in scores if s.judge == judge])) for judge in judges]


def _table(scores: Sequence[ScoreView]) -> ScoreTableView:
    splits = list(dict.fromkeys(score.split for score in scores))
    splits.sort(key=lambda split: (split != "test", split))
    found = {(score.metric, score.split): score for score in scores}
    rows = [
        ScoreRowView(
            metric,
            next(score.protocol for score in scores if score.metric == metric),
            splits,
            [found.get((metric, split)) for split in splits],
        )
        for metric in METRICS
        if any(s.metric == metric and s.status != "not run" for s in scores)
    ]
    told = {row.metric for row in rows}
    first = {split: next(s for s in scores if s.split == split) for split in splits}
    notes = [
        f"{split}: {one.n_windows:,} windows of {one.n_documents:,} documents, "
        f"{one.n_positions:,} tokens."
        for split, one in first.items()
    ]
    notes += [
        f"Detection, fuzzing and AUROC judge {JUDGED[tail]}"
        for tail in JUDGED
        if any(row.tail == tail for row in rows)
    ]
    return ScoreTableView(
        splits=splits,
        rows=rows,
        not_run=[words for metric, words in METRICS.items() if metric not in told],
        notes=notes,
        n_failed=sum(one.n_failed for one in first.values()),
    )
