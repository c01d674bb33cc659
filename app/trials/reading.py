"""From the text of a program to the program: errors with their place, and what a page shows."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from analysis.programs.english import in_english, rules_in_english, tables_in_english
from analysis.programs.errors import ProgramError
from analysis.programs.length import bits_of, bits_of_text, n_listed, n_rules
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.token_space import TokenSpace
from analysis.programs.vocabulary import Vocabulary
from analysis.programs.walking import unknown_tokens
from analysis.programs.writing import write_predicate
from app.errors import BadRequestError
from app.store.queries.evaluation import Evaluation
from app.store.views.program import ProgramView, RuleView

KEPT: Final = 2
MOST_CHARACTERS: Final = 200_000
"""Of a program that a person writes."""
MOST_SHOWN: Final = 200
"""Entries of a table that are put into words."""


class UnreadableProgramError(BadRequestError):
    """A program that cannot be read or run, with its place."""

    title = "The program cannot be read"

    def __init__(self, error: ProgramError) -> None:
        super().__init__(str(error), hint=error.hint)
        self.problem = error.problem
        self.line = error.place.line if error.place else None
        self.column = error.place.column if error.place else None
        self.excerpt = error.excerpt


def read_program(text: str) -> Program:
    """Raises UnreadableProgramError."""
    if len(text) > MOST_CHARACTERS:
        raise BadRequestError(
            f"The program has {len(text):,} characters.",
            hint=f"Write at most {MOST_CHARACTERS:,}; a dozen rules are an explanation.",
        )
    try:
        return parse_program(text)
    except ProgramError as error:
        raise UnreadableProgramError(error) from error


def view_program(program: Program, vocabulary: Vocabulary) -> ProgramView:
    rules = [
        RuleView(level=rule.level, predicate=write_predicate(rule.predicate), english=english)
        for rule, english in zip(program.rules, rules_in_english(program), strict=True)
    ]
    tables = [
        RuleView(
            level=None,
            predicate=f"table token{f'[-{table.back}]' if table.back else ''} "
            f"of {len(table.levels):,} tokens",
            english=english,
        )
        for table, english in zip(program.tables, tables_in_english(program), strict=True)
    ]
    return ProgramView(
        mode=program.mode,
        base=program.base,
        rules=[*rules, *tables],
        english=in_english(program),
        bits=bits_of(program, len(vocabulary)),
        n_rules=n_rules(program),
        n_listed=n_listed(program),
        unknown=unknown_tokens(program, vocabulary)[:MOST_SHOWN],
    )


def bits_of_words(text: str) -> float:
    """Description length of an explanation without a program."""
    return bits_of_text(text)


def vocabulary_of(evaluation: Evaluation) -> Vocabulary:
    """The tokens of the model, prepared for running programs; made once per model."""
    known = evaluation.space is not None
    key = (evaluation.model_id, evaluation.tokenizer_sha256, known, id(evaluation.vocabulary))
    with _lock:
        if key in _vocabularies:
            _vocabularies.move_to_end(key)
            return _vocabularies[key][0]
    space = None if evaluation.space is None else TokenSpace(evaluation.space.vectors)
    made = Vocabulary(evaluation.vocabulary, space)
    with _lock:
        # the texts are held with it, so that no other list gets their id
        _vocabularies[key] = made, evaluation.vocabulary
        while len(_vocabularies) > KEPT:
            _vocabularies.popitem(last=False)
    return made


_vocabularies: OrderedDict[tuple[int, str, bool, int], tuple[Vocabulary, object]] = OrderedDict()
_lock = Lock()
