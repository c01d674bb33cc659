"""Whose sentence is judged on a unit in the place of its own: another unit's, of the job and site.

Units stand in random order, so the next of the group is a random other one. A group of which no
other has a sentence takes the one that was stored last. Which it is depends on the job's order
alone, not on how often the job was taken up.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, select

from analysis.explain.language_model.shuffling import Other
from app.store.engine import open_session
from app.store.tables import ExplanationTable


def others_of(
    group: Sequence[int], texts: Sequence[str | None], *, before: Callable[[], Other | None]
) -> list[Other | None]:
    """For each unit that has a sentence; None where there is no other. `before`: one of an earlier
    group, asked for where this one has none."""
    found: list[Other | None] = []
    for at, own in enumerate(texts):
        turns = [(at + step) % len(group) for step in range(1, len(group))]
        next_ones = (
            Other(group[turn], text) for turn in turns if (text := texts[turn]) is not None
        )
        found.append(None if own is None else next(next_ones, None) or before())
    return found


def stored_sentence(engine: Engine, *, run_id: int, site_id: int, method: str) -> Other | None:
    """What the job stored last of the site; None where that is nothing."""
    table = ExplanationTable
    query = (
        select(table.unit_index, table.details)
        .where(
            table.run_id == run_id,
            table.site_id == site_id,
            table.method == method,
            table.version == 1,
            table.status != "failed",
        )
        .order_by(table.id.desc())
        .limit(1)
    )
    with open_session(engine) as session:
        row = session.execute(query).first()
    if row is None:
        return None
    details: dict[str, Any] = row.details
    return Other(row.unit_index, details["candidates"][details["chosen"]]["text"])
