"""Who acts on the command line, and the console that answers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

ACTOR = "local owner"
WIDE = 200
"""Columns where the output is no terminal: nothing is cut off for whoever reads it."""


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    found = Console(stderr=stderr, highlight=False, markup=False)
    return (
        found
        if found.is_terminal
        else Console(stderr=stderr, highlight=False, markup=False, width=WIDE)
    )
