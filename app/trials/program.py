"""A program rule by rule, each with its English, and what of it the model does not know."""

from collections.abc import Sequence
from typing import Final

from analysis.programs.english import rules_in_english, tables_in_english
from analysis.programs.program import Program, Table
from analysis.programs.walking import unknown_tokens
from analysis.programs.writing import write_predicate
from app.store.views.program import ProgramView, RuleView
from app.trials.reading import ReadProgram
from app.trials.vocabularies import any_vocabulary

MOST_UNKNOWN: Final = 200


def view_program(read: ReadProgram, texts: Sequence[str]) -> ProgramView:
    """`texts` are the model's tokens."""
    return ProgramView(
        mode=read.program.mode,
        base=read.program.base,
        rules=[*_rules(read.program), *_tables(read.program)],
        english=read.words,
        bits=read.bits,
        n_rules=read.n_rules,
        n_listed=read.n_listed,
        unknown=unknown_tokens(read.program, any_vocabulary(texts))[:MOST_UNKNOWN],
    )


def _rules(program: Program) -> list[RuleView]:
    return [
        RuleView(level=rule.level, predicate=write_predicate(rule.predicate), english=english)
        for rule, english in zip(program.rules, rules_in_english(program), strict=True)
    ]


def _tables(program: Program) -> list[RuleView]:
    return [
        RuleView(level=None, predicate=table_head(table), english=english)
        for table, english in zip(program.tables, tables_in_english(program), strict=True)
    ]


def table_head(table: Table) -> str:
    """A table without its entries, of which there may be thousands."""
    back = f"[-{table.back}]" if table.back else ""
    return f"table token{back}, {len(table.levels):,} tokens"
