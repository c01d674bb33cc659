"""One trial of a program: what a form shows while it is written."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from analysis.programs.check import Check
from app.errors import NotFoundError
from app.store.queries.model import get_vocabulary
from app.store.queries.trial import read_trial
from app.store.reading_scores import headline_views, score_views
from app.store.views.trial import TrialView
from app.store.writing_explanations import ScoreRow
from app.trials.program import view_program
from app.trials.reading import read_program
from app.trials.scoring import score_program


def view_trial(
    session: Session,
    source: str,
    *,
    model: str,
    site: str,
    index: int,
    data: Path,
    check: Check,
) -> TrialView:
    """Raises UnreadableProgramError for a text that is no program, and what `check` raises."""
    texts = get_vocabulary(session, model=model)
    read = read_program(source, n_vocab=len(texts), check=check)
    try:
        trial = read_trial(session, model=model, site=site, index=index, data=data)
    except NotFoundError as missing:
        shown = view_program(read, texts)
        untested = f"{missing.detail} {missing.hint or ''}".strip()
        return TrialView(
            program=shown, headlines=[], scores=[], untested=untested, chosen_on_fit_windows=0
        )
    rows = [_as_stored(row) for row in score_program(read.program, trial, check)]
    return TrialView(
        program=view_program(read, texts),
        headlines=headline_views(rows),
        scores=[score for row in rows for score in score_views(row)],
        untested=None,
        chosen_on_fit_windows=trial.standing_in,
    )


def _as_stored(row: ScoreRow) -> Any:  # noqa: ANN401 - a row as the database would give it
    """With the names that rows have when they are read."""
    return SimpleNamespace(**row._asdict(), score_status=row.status, score_run_id=None)
