"""What counts of each explanation: what a reviewer decided, else what most people say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.agreement.majority import most_said
from app.store.queries.given import Given
from app.store.views.decision import DecisionView
from app.store.views.judgement import VERDICTS

SettledBy = Literal["decision", "majority", "tie"]


@dataclass(frozen=True)
class Consensus:
    explanation_id: int
    verdict: str | None
    """None: as many say one thing as another, and nobody has decided."""
    settled_by: SettledBy
    majority: str | None
    tied: tuple[str, ...]
    """What as many people say; empty where there is a majority."""
    n: int
    counts: dict[str, int]
    decision: DecisionView | None
    rows: tuple[Given, ...]

    def mean(self, scale: str) -> tuple[float | None, int]:
        """Of the steps that were given, and of how many."""
        steps = [getattr(row, scale) for row in self.rows if getattr(row, scale) is not None]
        return (sum(steps) / len(steps) if steps else None), len(steps)


def consensus_of(rows: Sequence[Given], decisions: dict[int, DecisionView]) -> list[Consensus]:
    """One for each explanation that was judged, in the order of their ids. The majority is the
    verdict that is given most often; `unsure` is one of them."""
    by_explanation: dict[int, list[Given]] = defaultdict(list)
    for row in rows:
        by_explanation[row.explanation_id].append(row)
    return [
        _one(number, by_explanation[number], decisions.get(number))
        for number in sorted(by_explanation)
    ]


def _one(number: int, rows: Sequence[Given], decision: DecisionView | None) -> Consensus:
    leading = most_said(row.verdict for row in rows)
    most = [verdict for verdict in VERDICTS if verdict in leading]
    majority = most[0] if len(most) == 1 else None
    settled_by: SettledBy = "tie" if majority is None else "majority"
    return Consensus(
        explanation_id=number,
        verdict=majority if decision is None else decision.verdict,
        settled_by=settled_by if decision is None else "decision",
        majority=majority,
        tied=() if majority is not None else tuple(most),
        n=len(rows),
        counts={verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS},
        decision=decision,
        rows=tuple(rows),
    )
