"""One trial of a program: what a form shows while it is written, and what saving stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from app.store.queries.evaluation import Evaluation
from app.store.reading_scores import headline_views, score_views
from app.store.views.trial import TrialView
from app.store.writing_explanations import ScoreRow
from app.trials.reading import read_program, view_program, vocabulary_of
from app.trials.scoring import score_program, score_rows


@dataclass(frozen=True)
class Trial:
    view: TrialView
    rows: Sequence[ScoreRow]


def try_program(text: str, evaluation: Evaluation) -> Trial:
    """Raises UnreadableProgramError for a text that is no program."""
    program = read_program(text)
    shown = view_program(program, vocabulary_of(evaluation))
    scored = score_program(program, evaluation)
    rows = score_rows(scored)
    named = [_as_stored(row) for row in rows]
    view = TrialView(
        program=shown,
        headlines=headline_views(named),
        scores=[score for row in named for score in score_views(row)],
        untested=None if scored else _why_untested(evaluation),
    )
    return Trial(view, rows)


def _as_stored(row: ScoreRow) -> SimpleNamespace:
    """With the names that rows have when they are read."""
    return SimpleNamespace(**row._asdict(), score_status=row.status, score_run_id=None)


def _why_untested(evaluation: Evaluation) -> str:
    return (
        f"Run {evaluation.run_id} kept no test pool of {evaluation.site}: sweep again with a "
        "`pool` above 0 for the test split."
    )


