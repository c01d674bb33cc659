"""The store for a command, and the console that it writes to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import Engine

    from app.settings import Settings

ACTOR = "local owner"
WIDE = 200
"""Columns where the output is no terminal: nothing is cut off for whoever reads it."""


@contextmanager
def opened_store() -> Iterator[tuple["Settings", "Engine"]]:
    """The store that the settings name, brought up to date."""
    from app.settings import get_settings
    from app.store.engine import open_engine
    from app.store.migrating import upgrade

    settings = get_settings()
    engine = open_engine(settings)
    try:
        upgrade(engine)
        yield settings, engine
    finally:
        engine.dispose()


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    found = Console(stderr=stderr, highlight=False, markup=False)
    return (
        found
        if found.is_terminal
        else Console(stderr=stderr, highlight=False, markup=False, width=WIDE)
    )
