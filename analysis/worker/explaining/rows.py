"""What was found of a unit, as rows of the store."""

from collections.abc import Mapping
from typing import Any

from analysis.explain.units import LISTED_BY_LOOKUP, Explained
from analysis.programs.english import in_english
from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.program import Program
from analysis.programs.writing import write_program
from analysis.score.records import Scores
from app.store.scored import CHOSEN_ON_FIT, scored_row
from app.store.writing_explanations import ExplanationRow, ScoreRow

JUDGE = "program"
AUTHORS = {"rules": "rules 3", "lookup": "token lookup 2", "output": "output side 1"}
"""By method, with its version: change a version where what it finds changes."""


def rules_row(unit: int, found: Explained, n_vocab: int, *, stand_in: int = 0) -> ExplanationRow:
    """`stand_in`: fit windows on which the program was chosen for want of a calibration split."""
    details: dict[str, Any] = {"additive_r": _rounded(found.additive_r)}
    if stand_in:
        details[CHOSEN_ON_FIT] = stand_in
    if found.rules is None:
        reason = found.reason or "no program was found"
        return _row(unit, "rules", reason, {**details, "failed_because": reason}, status="failed")
    return _program_row(unit, "rules", found.rules, found.rule_scores, details, n_vocab)


def lookup_row(unit: int, found: Explained, n_vocab: int) -> ExplanationRow:
    details = {"listed_of_table": LISTED_BY_LOOKUP}
    return _program_row(unit, "lookup", found.lookup, found.lookup_scores, details, n_vocab)


def output_row(unit: int, text: str) -> ExplanationRow:
    return _row(unit, "output", text, {}, bits=bits_of_text(text))


def score_rows(scores: Mapping[str, Scores], judge: str = JUDGE) -> list[ScoreRow]:
    return [scored_row(split, judge, one) for split, one in scores.items()]


def _program_row(
    unit: int,
    method: str,
    program: Program,
    scores: Mapping[str, Scores],
    details: Mapping[str, Any],
    n_vocab: int,
) -> ExplanationRow:
    return ExplanationRow(
        unit_index=unit,
        author=AUTHORS[method],
        status="current",
        text=in_english(program),
        program=write_program(program),
        bits=bits_of(program, n_vocab),
        n_rules=n_rules(program),
        n_listed=n_listed(program),
        details=details,
        scores=score_rows(scores),
    )


def _row(
    unit: int,
    method: str,
    text: str,
    details: Mapping[str, Any],
    *,
    status: str = "current",
    bits: float | None = None,
) -> ExplanationRow:
    return ExplanationRow(
        unit_index=unit, author=AUTHORS[method], status=status, text=text, program=None, bits=bits,
        n_rules=None, n_listed=None, details=details,
    )  # fmt: skip


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in values.items()}
