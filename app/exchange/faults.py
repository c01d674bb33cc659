"""What is wrong with a file from outside: which line, which field, and what was expected there."""

from dataclasses import dataclass, replace

from app.errors import BadRequestError

LONGEST_SHOWN = 60
MEND_LINE = "Mend the line and import again: what came before it is not doubled."


@dataclass(frozen=True)
class Where:
    """A place in a file: `line` counts lines, rows or entries (`what`), from 1."""

    file: str
    line: int
    what: str = "line"
    field: str = ""

    def at(self, name: str) -> "Where":
        joint = "" if not self.field or name.startswith("[") else "."
        return replace(self, field=f"{self.field}{joint}{name}")

    def __str__(self) -> str:
        place = f"{self.file}, {self.what} {self.line:,}"
        return f"{place}, field {self.field}" if self.field else place


class FileFaultError(BadRequestError):
    """A line that cannot be taken; what comes before it can."""

    title = "The file cannot be imported"

    def __init__(self, where: Where, problem: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"{where}: {problem}",
            hint=hint or MEND_LINE,
        )
        self.where = where


class DamagedFileError(FileFaultError):
    """The file ends early or its compression is broken."""


class WrongModelError(FileFaultError):
    """The file is about another model; nothing of it fits."""


def expected(where: Where, what: str, found: object) -> FileFaultError:
    return FileFaultError(where, f"expected {what}, found {shown(found)}")


def shown(value: object) -> str:
    """A value from outside as an error may quote it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = repr(value[: LONGEST_SHOWN + 1]) if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
