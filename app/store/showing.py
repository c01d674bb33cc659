"""Which of a model's sweeps its pages show where nobody asks for one of them."""

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.errors import ConflictError
from app.store.audit.noting import note
from app.store.queries.run import get_run
from app.store.tables import ModelTable, RunTable, SiteSummaryTable
from app.store.views.run import RunView

log = structlog.get_logger("patchclamp.store")


def choose_shown(session: Session, *, run_id: int, actor: str) -> RunView:
    """The actor's choice; it holds until another sweep of the model ends."""
    run = get_run(session, run_id=run_id)
    if run.kind == "experiment":
        raise ConflictError(
            f"Run {run_id} is an experiment's: its numbers are on the page of that alone.",
            hint=f"See the runs on the page of {run.model} for its sweeps.",
        )
    if run.kind != "sweep":
        raise ConflictError(
            f"Run {run_id} is no sweep: its numbers stand beside those of run {run.of_run_id}.",
            hint=f"Show run {run.of_run_id} instead.",
        )
    if session.scalar(select(SiteSummaryTable.run_id).filter_by(run_id=run_id).limit(1)) is None:
        raise ConflictError(
            f"Run {run_id} has stored no numbers, so there is nothing to show.",
            hint=f"See the runs on the page of {run.model}.",
        )
    shown = select(ModelTable.id, ModelTable.current_run_id).join(
        RunTable, RunTable.model_id == ModelTable.id
    )
    before = session.execute(shown.where(RunTable.id == run_id)).one()
    show_run(session, before.id, run_id)
    log.info("run.shown", run=run_id, model=run.model, actor=actor)
    note(
        session, actor=actor, action="run.shown", model=run.model, subject=f"run {run_id}",
        before={"run": before.current_run_id}, after={"run": run_id},
    )  # fmt: skip
    return run


def show_run(session: Session, model_id: int, run_id: int) -> None:
    session.execute(
        update(ModelTable).where(ModelTable.id == model_id).values(current_run_id=run_id)
    )
