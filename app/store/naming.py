"""What tasks, circuits and campaigns are called in addresses: a word beside their model that people
can read, chosen by whoever makes them or made of their title."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadRequestError, ConflictError
from app.store.circuit_request import GENERATORS
from app.store.inserting import insert_new
from app.store.slugs import is_named
from app.store.tables import CampaignTable, CircuitTable, TaskTable

LONGEST_BASE: Final = 80
"""Characters of a title that a word is made of: a number may come behind them."""
ATTEMPTS: Final = 8
Named = type[CampaignTable | CircuitTable | TaskTable]
RESERVED: Final = {
    CampaignTable: ("new",),
    CircuitTable: ("compare", "import", "new"),
    TaskTable: (*GENERATORS, "new"),
}
"""Words that stand for something else where a slug could stand."""
CALLED: Final = {CampaignTable: "campaign", CircuitTable: "circuit", TaskTable: "task"}


def insert_named(
    session: Session,
    table: Named,
    *,
    model_id: int,
    slug: str | None,
    title: str,
    values: Mapping[str, Any],
) -> tuple[int, str]:
    """The id and slug of a new row with these values; without a slug, a free one is made of the
    title.

    Raises BadRequestError for a slug that is none, ConflictError for one that is taken.
    """
    for _ in range(1 if slug is not None else ATTEMPTS):
        chosen = free_slug(session, table, model_id=model_id, title=title) if slug is None else slug
        _check(table, chosen)
        number = insert_new(session, table, model_id=model_id, slug=chosen, **values)
        if number is not None:
            return number, chosen
    raise _taken(table, chosen)


def free_slug(session: Session, table: Named, *, model_id: int, title: str) -> str:
    """Of a title's letters and digits; with a number behind it where that is taken."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    base = words[:LONGEST_BASE].strip("-") or CALLED[table]
    query = select(table.slug).where(
        table.model_id == model_id, table.slug.startswith(base, autoescape=True)
    )
    taken = {*session.scalars(query), *RESERVED[table]}
    return next(
        slug
        for number in range(1, len(taken) + 2)
        if (slug := base if number == 1 else f"{base}-{number}") not in taken
    )


def check_free(session: Session, table: Named, *, model_id: int, slug: str) -> None:
    """BadRequestError where a slug is none, ConflictError where it is taken now."""
    _check(table, slug)
    query = select(table.id).where(table.model_id == model_id, table.slug == slug)
    if session.scalar(query) is not None:
        raise _taken(table, slug)


def _taken(table: Named, slug: str) -> ConflictError:
    return ConflictError(
        f"The model has a {CALLED[table]} that is called {slug!r} already.",
        hint="Give another slug, leave it out to get a free one, or delete what has it.",
    )


def _check(table: Named, slug: str) -> None:
    if not is_named(slug):
        raise BadRequestError(
            f"A {CALLED[table]} cannot be called {slug[:100]!r}.",
            hint="Use 1 to 100 letters from a to z, digits, dashes and underscores, and begin "
            "with a letter or digit.",
        )
    if slug in RESERVED[table]:
        raise BadRequestError(
            f"No {CALLED[table]} can be called {slug!r}: the word stands for something else.",
            hint=f"Say more, for instance {slug}-1.",
        )
