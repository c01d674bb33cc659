"""What an explanation's page computes while it is asked for: its rules in words, its predictions."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from app.errors import PatchclampError
from app.store.queries.evaluation import read_evaluation
from app.store.views.explanation import ExplanationView
from app.store.views.program import ProgramView
from app.store.views.simulation import SimulationView
from app.trials.reading import read_program, view_program, vocabulary_of
from app.trials.simulating import simulate


@dataclass(frozen=True)
class Evidence:
    program: ProgramView | None = None
    simulation: SimulationView | None = None
    missing: str | None = None
    """Why there is no simulation though there is a program."""


def gather_evidence(
    session: Session, view: ExplanationView, *, data: Path, split: str = "test"
) -> Evidence:
    """Of a program that cannot be read or run the reason; of mere words nothing."""
    if view.program is None:
        return Evidence()
    shown: ProgramView | None = None
    try:
        evaluation = read_evaluation(
            session,
            model=view.model,
            site=view.site,
            index=view.index,
            data=data,
            run_id=view.sweep_id,
            splits=(split,),
        )
        program = read_program(view.program)
        shown = view_program(program, vocabulary_of(evaluation))
        return Evidence(shown, simulate(program, evaluation, split=split))
    except PatchclampError as error:
        return Evidence(shown, None, f"{error.detail} {error.hint or ''}".strip())
