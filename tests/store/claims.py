"""Explanations that tests need: one unit's rules with a score on each of two splits."""

from app.store.packing import pack_scores
from app.store.writing_explanations import ExplanationRow, ScoreRow

PROGRAM = 'sum\nwhen token in {" whale", " ship"} -> 1\notherwise 0\n'


def score(r: float | None, *, split: str = "test", judge: str = "program") -> ScoreRow:
    status, reason = ("scored", None) if r is not None else ("undefined", "constant")
    values = pack_scores({"corpus_r": (r, None, None, None, 0.2, 0.0)})
    return ScoreRow(split, judge, status, reason, 8, 3, 1016, 0, r, None, values)


def rules(
    unit: int,
    text: str = "Fires at whales.",
    *,
    r: float | None = 0.5,
    program: str | None = PROGRAM,
) -> ExplanationRow:
    scores = [score(r), score(r, split="ood:code")]
    return ExplanationRow(unit, "rules 1", "current", text, program, 40.0, 1, 2, {}, scores)
