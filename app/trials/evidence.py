"""What is computed of an explanation when it is asked for: its rules in words, its predictions."""

from pathlib import Path

from sqlalchemy.orm import Session

from analysis.programs.check import Check
from analysis.score.division import SEEN
from app.errors import BadRequestError, PatchclampError
from app.store.locating import locate_site
from app.store.queries.model import get_vocabulary
from app.store.queries.trial import read_trial
from app.store.views.evidence import EvidenceView
from app.store.views.explanation import ExplanationView
from app.store.views.program import ProgramView
from app.trials.program import view_program
from app.trials.reading import read_program
from app.trials.simulation import simulate


def gather_evidence(
    session: Session, view: ExplanationView, *, data: Path, check: Check, split: str = "test"
) -> EvidenceView:
    """Of a program that cannot be read or run, or that `check` ends, the reason; of mere words
    nothing. BadRequestError: the split is one that programs are fitted on."""
    if split in SEEN:
        raise _seen(session, view, split)
    if view.program is None:
        return EvidenceView(program=None, simulation=None, missing=None)
    shown: ProgramView | None = None
    try:
        texts = get_vocabulary(session, model=view.model)
        read = read_program(view.program, n_vocab=len(texts), check=check)
        # without its pools a program is still told in words
        shown = view_program(read, texts)
        trial = read_trial(
            session,
            model=view.model,
            site=view.site,
            index=view.index,
            data=data,
            run_id=view.sweep_id,
            only={*SEEN, split},
        )
        simulation = simulate(session, read.program, trial, split=split, check=check)
        return EvidenceView(program=shown, simulation=simulation, missing=None)
    except PatchclampError as error:
        missing = f"{error.public} {error.hint or ''}".strip()
        return EvidenceView(program=shown, simulation=None, missing=missing)


def _seen(session: Session, view: ExplanationView, split: str) -> BadRequestError:
    place = locate_site(session, model=view.model, site=view.site, run_id=view.sweep_id)
    others = " or ".join(other for other in place.splits if other not in SEEN)
    return BadRequestError(
        f"Explanations are made from split {split}, so on it none can be shown to fail or hold.",
        hint=f"Ask for {others}." if others else "Sweep a corpus that has a test split.",
    )
