"""What a program that cannot be read or run says to whoever wrote it."""

from analysis.programs.errors import ProgramError
from app.errors import BadRequestError


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
