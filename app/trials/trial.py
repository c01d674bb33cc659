"""One try of a program: what a form shows while it is written, without any test document."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from analysis.programs.check import Check
from analysis.score.division import CALIBRATION, SEEN
from app.errors import NotFoundError
from app.store.queries.model import get_vocabulary
from app.store.queries.trial import read_trial
from app.store.reading_scores import headline_views, score_views
from app.store.views.trial import TrialView
from app.store.writing_explanations import ScoreRow
from app.trials.program import view_program
from app.trials.reading import read_program, runnable
from app.trials.scoring import TRIED, score_calibration
from app.trials.simulation import simulate


def view_trial(
    session: Session,
    source: str,
    *,
    model: str,
    site: str,
    index: int,
    data: Path,
    check: Check,
    run_id: int | None = None,
) -> TrialView:
    """On text of the sweep `run_id`; None: of the model's current one.

    Raises UnreadableProgramError for a text that is no program, and what `check` raises."""
    texts = get_vocabulary(session, model=model)
    read = read_program(source, n_vocab=len(texts), check=check)
    try:
        trial = read_trial(
            session, model=model, site=site, index=index, data=data, run_id=run_id, only=SEEN
        )
    except NotFoundError as missing:
        shown = view_program(read, texts)
        untested = f"{missing.detail} {missing.hint or ''}".strip()
        return TrialView(
            program=shown,
            split=CALIBRATION,
            headlines=[],
            scores=[],
            simulation=None,
            untested=untested,
            chosen_on_fit_windows=0,
        )
    with runnable():
        row = _as_stored(score_calibration(read.program, trial, check))
    check()
    return TrialView(
        program=view_program(read, texts),
        split=CALIBRATION,
        headlines=headline_views([row]),
        scores=[score for score in score_views(row) if score.metric in TRIED],
        simulation=simulate(session, read.program, trial, split=CALIBRATION, check=check),
        untested=None,
        chosen_on_fit_windows=trial.standing_in,
    )


def _as_stored(row: ScoreRow) -> Any:  # noqa: ANN401 - a row as the database would give it
    """With the names that rows have when they are read."""
    return SimpleNamespace(**row._asdict(), score_status=row.status, score_run_id=None)
