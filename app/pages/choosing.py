"""Which run a page of a model shows, and which others it could show."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session

from app.store.queries.run import get_run, list_sweeps
from app.store.views.run import RunView, SweepLine

AskedRun = Annotated[int | None, Query(ge=0, le=2**63 - 1)]
"""As `?run=1`; whichever run the model shows where it is left out."""


@dataclass(frozen=True)
class ShownRun:
    run: RunView
    current_run_id: int | None
    """Of the model: what is shown where nobody asks."""
    sweeps: list[SweepLine]

    @property
    def is_current(self) -> bool:
        return self.run.id == self.current_run_id

    @property
    def others(self) -> list[SweepLine]:
        return [sweep for sweep in self.sweeps if sweep.id != self.run.id]

    def asking_for(self, run_id: int) -> int | None:
        """What `run` must be in an address that shows this run."""
        return None if run_id == self.current_run_id else run_id


def read_shown_run(
    session: Session, *, model: str, run_id: int, current_run_id: int | None
) -> ShownRun:
    return ShownRun(
        run=get_run(session, run_id=run_id),
        current_run_id=current_run_id,
        sweeps=list_sweeps(session, model=model),
    )
