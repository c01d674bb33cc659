"""A program in words."""

from analysis.programs.program import Program
from analysis.programs.writing import write_predicate


def in_english(program: Program) -> str:
    return "; ".join(write_predicate(rule.predicate) for rule in program.rules)
