"""What is wrong with a program: where, what was expected there, and the line with a caret."""

from dataclasses import dataclass

from analysis.errors import AnalysisError

GRAMMAR = "docs/programs.md has the grammar."
WIDEST_EXCERPT = 80


@dataclass(frozen=True)
class Place:
    """A line and a column of a text, both from 1."""

    line: int
    column: int


class ProgramError(AnalysisError):
    """A program that cannot be read or run."""

    def __init__(
        self,
        problem: str,
        *,
        hint: str | None = None,
        place: Place | None = None,
        excerpt: str | None = None,
    ) -> None:
        where = "" if place is None else f"line {place.line}, column {place.column}: "
        super().__init__(where + problem, hint=hint or GRAMMAR)
        self.problem = problem
        """Without the place."""
        self.place = place
        self.excerpt = excerpt
        """The line in question, and below it a caret; None where no line is to blame."""


def error_at(source: str, offset: int, problem: str, *, hint: str | None = None) -> ProgramError:
    """The error for one character of a program's text."""
    start = source.rfind("\n", 0, offset) + 1
    end = source.find("\n", offset)
    line = source[start : len(source) if end < 0 else end]
    column = offset - start
    place = Place(source.count("\n", 0, start) + 1, column + 1)
    return ProgramError(problem, hint=hint, place=place, excerpt=_excerpt(line, column))


def _excerpt(line: str, column: int) -> str:
    """The line around a column, and a caret under it."""
    first = max(0, column - WIDEST_EXCERPT // 2)
    shown = line[first : first + WIDEST_EXCERPT]
    # Control characters would move the caret, or the cursor of a terminal.
    shown = "".join(letter if letter.isprintable() else " " for letter in shown)
    return f"{shown}\n{' ' * (column - first)}^"
