"""The store for a command: opened as the settings say, brought up to date, closed again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.importing import undisturbed

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.settings import Settings


@contextmanager
def opened_store() -> Iterator[tuple["Settings", "Engine"]]:
    """The store that the settings name. Commands import this before they know that they need it."""
    with undisturbed():
        from app.errors import NotFoundError
        from app.settings import get_settings
        from app.store.engine import open_engine
        from app.store.migrating import upgrade

    settings = get_settings()
    engine = open_engine(settings)
    try:
        upgrade(engine)
        yield settings, engine
    except NotFoundError as error:
        if not settings.model_fields_set & {"data", "database_url"}:
            error.hint = " ".join(filter(None, (error.hint, looked_in(settings))))
        raise
    finally:
        engine.dispose()


def looked_in(settings: "Settings") -> str:
    """For whoever misses what is in another folder, which no setting names."""
    return (
        f"Looked in {settings.data}, the usual data folder. "
        "If yours is another, name it: PATCHCLAMP_DATA=FOLDER (`make demo` writes to ./data)."
    )
