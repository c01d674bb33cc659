"""The first explanations of a sweep under way: an extra, which never costs the sweep."""

import numpy as np
import pytest
from sqlalchemy import func, select

from analysis.errors import AnalysisError
from analysis.worker.explaining.first import FirstExplanations
from analysis.worker.inline import run_inline
from analysis.worker.interruptions import JobCancelled
from analysis.worker.sweeping.job import KIND as SWEEP_KIND
from app.errors import ConflictError
from app.store.engine import open_session
from app.store.queries.job import list_events, list_jobs
from app.store.queries.run import get_run
from app.store.tables import ExplanationTable, RunTable
from tests.worker.conftest import Laboratory
from tests.worker.explaining.conftest import POOLED
from tests.worker.sweeping.conftest import add_planted

FOLLOWED = POOLED.model_copy(update={"follow_up": True})


@pytest.fixture
def publishing(laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    """Every sweep publishes as soon as it can."""
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder)
    monkeypatch.setattr(
        "analysis.worker.sweeping.publishing.Publisher.due",
        lambda self, counted: True,  # noqa: ARG005
    )
    return laboratory


def test_a_sweep_explains_its_first_units_before_it_ends(publishing: Laboratory) -> None:
    """And hands their run on to the job that explains all others."""
    engine, settings = publishing.engine, publishing.settings
    run_inline(engine, settings, SWEEP_KIND, FOLLOWED)
    with open_session(engine) as session:
        run = session.scalars(select(RunTable).where(RunTable.kind == "explain")).one()
        waiting = {one.kind: one.id for one in list_jobs(session, status="queued").items}
        n = session.scalar(select(func.count()).where(ExplanationTable.run_id == run.id))
    assert run.status == "running"
    assert run.job_id == waiting["explain"]
    assert n > 0
    assert waiting.keys() == {"output", "relate", "explain"}


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such shape"),
        np.linalg.LinAlgError("Singular matrix"),
        ConflictError("It is there."),
        AnalysisError("Too little text."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_there_the_sweep_goes_on_and_says_so(
    publishing: Laboratory, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(self: FirstExplanations) -> None:  # noqa: ARG001
        raise error

    monkeypatch.setattr(FirstExplanations, "_explain", fail)
    run_id = run_inline(publishing.engine, publishing.settings, SWEEP_KIND, FOLLOWED)["run_id"]
    with open_session(publishing.engine) as session:
        assert get_run(session, run_id=run_id).status == "finished"
        (swept,) = list_jobs(session, status="succeeded").items
        events = list_events(session, job_id=swept.id)
        waiting = {one.kind for one in list_jobs(session, status="queued").items}
    (told,) = [one.data for one in events if one.kind == "left_out"]
    assert str(error) in told["reason"]
    assert "explain" in waiting  # which tries again


def test_cancelling_ends_the_sweep_there_too(
    publishing: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(self: FirstExplanations) -> None:  # noqa: ARG001
        raise JobCancelled

    monkeypatch.setattr(FirstExplanations, "_explain", cancelled)
    with pytest.raises(JobCancelled):
        run_inline(publishing.engine, publishing.settings, SWEEP_KIND, FOLLOWED)
