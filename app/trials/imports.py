"""Scores imported programs on the pools of this store, one after another, in this process.

What is done is stored at once: cut, it goes on with what has no score yet. A program that cannot be
run here is stored as failed, with the reason, and is not tried again. One of a site that has no
pools is left as it is, for a sweep that keeps some.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from analysis.programs.errors import ProgramError
from analysis.programs.parsing import parse_program
from app.errors import NotFoundError
from app.store.engine import begin, open_session
from app.store.packing import pack_scores
from app.store.queries.trial import Trial, read_trial
from app.store.queries.unscored import Unscored, next_unscored
from app.store.scored import CHOSEN_ON_FIT
from app.store.writing_explanations import ScoreRow, place_in_sweep, write_scores
from app.trials.scoring import JUDGE, score_held_out


class Tried(NamedTuple):
    n_scored: int
    n_failed: int
    n_left: int
    """Of sites of which no pools are kept."""


def score_imports(engine: Engine, *, model: str, data: Path, tell: Callable[[int], None]) -> Tried:
    """Raises NotFoundError where there are no pools to score any program on."""
    n_scored = n_failed = n_left = last = 0
    missing: NotFoundError | None = None
    while True:
        with open_session(engine) as session:
            found = next_unscored(session, model=model, after_id=last)
        if not found:
            if missing is not None and n_scored + n_failed == 0:
                raise missing
            return Tried(n_scored, n_failed, n_left)
        for one in found:
            last = one.id
            try:
                rows, trial = _score(engine, model, one, data)
            except NotFoundError as error:
                missing, n_left = error, n_left + 1
                continue
            with begin(engine) as connection:
                write_scores(connection, run_id=None, scores={one.id: rows})
                place_in_sweep(
                    connection,
                    explanation_id=one.id,
                    sweep_id=trial.place.run_id,
                    details={CHOSEN_ON_FIT: None, **trial.details},
                )
            failed = all(row.status == "failed" for row in rows)
            n_failed += failed
            n_scored += not failed
            tell(n_scored + n_failed)


def _score(engine: Engine, model: str, one: Unscored, data: Path) -> tuple[list[ScoreRow], Trial]:
    """On text of the current sweep, whichever it was imported under."""
    with open_session(engine) as session:
        trial = read_trial(session, model=model, site=one.site, index=one.unit_index, data=data)
    try:
        rows = score_held_out(parse_program(one.program), trial)
    except ProgramError as error:
        rows = [
            ScoreRow("test", JUDGE, "failed", error.detail, 0, 0, 0, 0, None, None, pack_scores({}))
        ]
    return rows, trial
