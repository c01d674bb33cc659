"""The scores of explanations that people judged, as plain numbers beside who wrote them."""

from collections import defaultdict
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.store.packing import COLUMNS, METRICS, unpack_scores
from app.store.tables import ExplanationTable, ScoreTable
from app.store.views.explanation import WORDS_EDITED
from app.store.views.score import IMPORTED

SPLIT: Final = "test"
AT_ONCE: Final = 5000
OF_R: Final = ("lookup", "shuffled", "mean")
"""Baselines whose r is given."""


class JudgedScores(NamedTuple):
    author: str
    n_characters: int
    """Of its text."""
    words_edited: bool
    """Its words were, and its program was not: the scores are those of the program."""
    values: dict[str, float]
    """On test, by metric, and r of baselines by their names; what is undefined is left out."""


def judged_scores(session: Session, ids: Sequence[int]) -> dict[int, JudgedScores]:
    """By explanation. Where several judged, by its program, else by the first judge by name; what
    an import told of itself does not count."""
    found: dict[int, JudgedScores] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        scores: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
        query = select(ScoreTable.explanation_id, ScoreTable.judge, ScoreTable.values).where(
            ScoreTable.explanation_id.in_(some), ScoreTable.split == SPLIT,
            ScoreTable.judge.not_like(f"{IMPORTED}%"),
        )  # fmt: skip
        for score in session.execute(query):
            scores[score.explanation_id].append(score)
        written = select(
            ExplanationTable.id, ExplanationTable.author, func.length(ExplanationTable.text),
            ExplanationTable.details,
        ).where(ExplanationTable.id.in_(some))  # fmt: skip
        for number, author, n_characters, details in session.execute(written):
            values: dict[str, float] = {}
            chosen = min(
                scores[number], key=lambda row: (row.judge != "program", row.judge), default=None
            )
            if chosen is not None:
                values = _values(chosen.values)
            found[number] = JudgedScores(
                author, n_characters, bool(details.get(WORDS_EDITED)), values
            )
    return found


def _values(stored: bytes) -> dict[str, float]:
    numbers = unpack_scores(stored)
    told = {metric: float(numbers[place, 0]) for place, metric in enumerate(METRICS)}
    told |= {name: float(numbers[0, COLUMNS.index(name)]) for name in OF_R}
    return {name: value for name, value in told.items() if isfinite(value)}
