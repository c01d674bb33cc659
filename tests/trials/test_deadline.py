"""What a program is ended for, while somebody waits for its scores."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.programs.parsing import parse_program
from app import deadline
from app.deadline import Deadline, TooSlowError
from app.settings import Settings
from app.store.engine import open_engine, open_session
from app.store.queries.trial import Trial, read_trial
from app.trials import scoring
from tests.kept import synthetic_store

PROGRAM = parse_program("when position < 4 -> 1")


class Clock:
    """Stands still but for what takes time in a test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def slowed(self, function: Any, seconds: float) -> Any:
        def slow(*given: Any, **named: Any) -> Any:
            self.seconds += seconds
            return function(*given, **named)

        return slow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: found.seconds))
    return found


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    engine = open_engine(Settings(data=tmp_path))
    synthetic_store(tmp_path, layers=1, neurons=8, heads=2, windows=48, window_length=16)
    with open_session(engine) as session:
        found = read_trial(session, model="synthetic", site="mlp.0", index=5, data=tmp_path)
    engine.dispose()
    return found


def test_a_program_is_not_ended_because_the_sweep_has_many_splits(
    trial: Trial, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = clock.slowed(scoring.score_explanation, 60)
    monkeypatch.setattr(scoring, "score_explanation", slow)
    rows = scoring.score_held_out(PROGRAM, trial, Deadline(10))
    assert [row.split for row in rows] == ["test", "ood:code"]


def test_a_program_that_runs_long_is_ended_and_not_only_its_rules_are_blamed(
    trial: Trial, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "run_program", clock.slowed(scoring.run_program, 60))
    with pytest.raises(TooSlowError, match="not done after 10 seconds") as ended:
        scoring.score_held_out(PROGRAM, trial, Deadline(10))
    assert "depends on how many windows the sweep kept" in (ended.value.hint or "")
