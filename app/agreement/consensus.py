"""What counts of each explanation: what a reviewer decided, else what more people say than anything
else.

That is a plurality: two of four are one where the others say two different things. It takes LEAST
people; what one person says alone is told as such, `single`, and is not a consensus.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from analysis.agreement.majority import most_said
from app.store.queries.given import Given
from app.store.views.decision import DecisionView
from app.store.views.judgement import VERDICTS

SettledBy = Literal["decision", "plurality", "single", "tie"]
LEAST: Final = 2
"""Judgements."""


@dataclass(frozen=True)
class Consensus:
    explanation_id: int
    verdict: str | None
    """None: as many say one thing as another, and nobody has decided."""
    settled_by: SettledBy
    plurality: str | None
    """What is said most often, whatever was decided; also by one person alone."""
    tied: tuple[str, ...]
    """What as many people say; empty where there is a plurality."""
    n: int
    n_wanted: int | None
    """Judgements that a campaign asks for; None outside of one."""
    counts: dict[str, int]
    decision: DecisionView | None
    rows: tuple[Given, ...]

    @property
    def is_complete(self) -> bool | None:
        """Whether all have judged it that were to; None outside of a campaign."""
        return None if self.n_wanted is None else self.n >= self.n_wanted

    @property
    def several_meanings(self) -> tuple[int | None, int]:
        """How many say so, of those who were asked; None of nobody."""
        told = [row.several_meanings for row in self.rows if row.several_meanings is not None]
        return (sum(told) if told else None), len(told)

    def mean(self, scale: str) -> tuple[float | None, int]:
        """Of the steps that were given, and of how many."""
        steps = [getattr(row, scale) for row in self.rows if getattr(row, scale) is not None]
        return (sum(steps) / len(steps) if steps else None), len(steps)


def consensus_of(
    rows: Sequence[Given], decisions: dict[int, DecisionView], *, n_wanted: int | None = None
) -> list[Consensus]:
    """One for each explanation that was judged, in the order of their ids. The plurality is the
    verdict that is given most often; `unsure` is one of them."""
    by_explanation: dict[int, list[Given]] = defaultdict(list)
    for row in rows:
        by_explanation[row.explanation_id].append(row)
    return [
        _one(number, by_explanation[number], decisions.get(number), n_wanted)
        for number in sorted(by_explanation)
    ]


def _one(
    number: int, rows: Sequence[Given], decision: DecisionView | None, n_wanted: int | None
) -> Consensus:
    leading = most_said(row.verdict for row in rows)
    most = [verdict for verdict in VERDICTS if verdict in leading]
    plurality = most[0] if len(most) == 1 else None
    settled_by: SettledBy = "tie" if plurality is None else "plurality"
    if len(rows) < LEAST:
        settled_by = "single"
    return Consensus(
        explanation_id=number,
        verdict=plurality if decision is None else decision.verdict,
        settled_by=settled_by if decision is None else "decision",
        plurality=plurality,
        tied=() if plurality is not None else tuple(most),
        n=len(rows),
        n_wanted=n_wanted,
        counts={verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS},
        decision=decision,
        rows=tuple(rows),
    )
