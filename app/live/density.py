"""How often units fire, for those who leave out what fires everywhere."""

from collections.abc import Sequence

from sqlalchemy import Engine

from app.live.subject import Subject
from app.store.engine import open_session
from app.store.queries.subject import read_densities

Unit = tuple[str, int]
"""Site and index."""


def densities(engine: Engine, subject: Subject, units: Sequence[Unit]) -> dict[Unit, float]:
    """In a thread: the share of positions of the fit split at which each fires; of a model that was
    not swept, nothing."""
    if subject.run_id is None:
        return {}
    with open_session(engine) as session:
        return read_densities(session, run_id=subject.run_id, units=units)
