"""What an explanation's page computes when it is asked for: its rules in words, its predictions."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from app.errors import PatchclampError
from app.programs import read_program
from app.store.queries.model import get_vocabulary
from app.store.queries.trial import read_trial
from app.store.views.explanation import ExplanationView
from app.store.views.program import ProgramView
from app.store.views.simulation import SimulationView
from app.trials.program import view_program
from app.trials.simulation import simulate
from app.vocabularies import prepared_vocabulary


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
        texts = get_vocabulary(session, model=view.model)
        read = read_program(view.program, n_vocab=len(texts))
        shown = view_program(read, prepared_vocabulary(texts, None))
        trial = read_trial(
            session,
            model=view.model,
            site=view.site,
            index=view.index,
            data=data,
            run_id=view.sweep_id,
        )
        return Evidence(shown, simulate(session, read.program, trial, split=split))
    except PatchclampError as error:
        return Evidence(shown, None, f"{error.detail} {error.hint or ''}".strip())
