"""A file that a command writes, and that was not there before."""

from collections.abc import Iterable
from pathlib import Path

from app.commands.opening import console


def write_new(to: Path, parts: Iterable[bytes], *, compressed: bool = False) -> int:
    """Its size in bytes. Folders are made; nothing is left of what could not be written whole.

    Raises ConflictError where there is such a file, UnavailableError where the disk refuses.
    """
    from app.errors import ConflictError
    from app.exchange.output import OutputFolder

    if to.exists():
        raise ConflictError(f"{to} is there already.", hint="Name another file.")
    with console(stderr=True).status("Exporting"):
        return OutputFolder(to.parent).write(to.name, parts, compressed=compressed).n_bytes
