"""A person's program: read, said in words, measured; or what is wrong with it, and where."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from analysis.programs.check import Check
from analysis.programs.english import in_english
from analysis.programs.errors import ProgramError
from analysis.programs.length import bits_of, n_listed, n_rules
from analysis.programs.parsing import parse_program
from analysis.programs.program import Program
from analysis.programs.walking import n_searches
from analysis.programs.writing import write_program
from app.errors import BadRequestError
from app.store.claiming import LONGEST_TEXT

LONGEST_PROGRAM: Final = 200_000
"""Characters that a person may send."""
CUT: Final = "… (cut here, because it is too long to be kept; the program says the rest)"
MOST_SEARCHES: Final = 40
"""Predicates that take long, in a program that is run while others wait for this process. The
language allows far more, which a worker runs."""


class UnreadableProgramError(BadRequestError):
    """A program that cannot be read or run: what was expected, and where."""

    title = "The program cannot be read"

    def __init__(self, error: ProgramError) -> None:
        shown = "" if error.excerpt is None else f"\n{error.excerpt}"
        super().__init__(f"The program cannot be read: {error.detail}.{shown}", hint=error.hint)
        self.problem = error.problem
        """Without the place."""
        self.line = error.place.line if error.place else None
        self.column = error.place.column if error.place else None
        self.excerpt = error.excerpt


@contextmanager
def runnable() -> Iterator[None]:
    """Around what runs a program for whoever waits. Raises UnreadableProgramError for what can be
    read, but not be run: `near` where nobody has measured the token space, or an expression of too
    many states."""
    try:
        yield
    except ProgramError as error:
        raise UnreadableProgramError(error) from error


@dataclass(frozen=True)
class ReadProgram:
    """A program that can be run, with what is said of it."""

    program: Program
    source: str
    """As the language writes it."""
    words: str
    bits: float
    n_rules: int
    n_listed: int


def read_program(source: str, *, n_vocab: int, check: Check) -> ReadProgram:
    """Raises BadRequestError with line, column and what was expected there, and what `check`
    raises."""
    _check_length(source, "has")
    try:
        program = parse_program(source)
        check()
        written = write_program(program)
        _check_length(written, "has, as it would be kept,")
        check()
        if (n := n_searches(program)) > MOST_SEARCHES:
            raise BadRequestError(
                f"The program has {n:,} tests by regular expression, by what the text ends with, "
                f"or by nearness to many tokens; at most {MOST_SEARCHES} are run here.",
                hint="Write tokens that belong together as one set: token in {…}.",
            )
        return ReadProgram(
            program=program,
            source=written,
            words=_fitting(in_english(program)),
            bits=bits_of(program, n_vocab),
            n_rules=n_rules(program),
            n_listed=n_listed(program),
        )
    except ProgramError as error:
        raise UnreadableProgramError(error) from error


def _check_length(source: str, has: str) -> None:
    if len(source) > LONGEST_PROGRAM:
        raise BadRequestError(
            f"The program {has} {len(source):,} characters.",
            hint=f"Write it in at most {LONGEST_PROGRAM:,}.",
        )


def _fitting(words: str) -> str:
    """English as it can be kept: cut where it is too long, and said so."""
    if len(words) <= LONGEST_TEXT:
        return words
    kept = words[: LONGEST_TEXT - len(CUT) - 1].rsplit(" ", 1)[0]
    return f"{kept}{CUT}"
