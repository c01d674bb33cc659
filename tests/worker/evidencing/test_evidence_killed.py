"""An evidence job that died and is taken up again keeps what it said, and what it measured."""

import pytest
from sqlalchemy import func, select

from analysis.worker.context import JobContext
from analysis.worker.evidencing import job, work
from analysis.worker.heartbeat import Lease
from analysis.worker.interruptions import JobCancelled
from analysis.worker.stopping import Stopping
from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job, request_cancel
from app.store.tables import CausalScoreTable, PredictionTable, RunTable


class PowerCut(BaseException):
    pass


def context_of(explained, **changes) -> JobContext:
    """Of a job that this process has taken."""
    asked = explained.request(whole_sites=False, units_per_site=8, **changes)
    with open_session(explained.engine, commit=True) as session:
        created = create_job(session, request=asked, actor="tester")
    claim = queue.claim_next(
        explained.engine, worker_id="w", kinds=["evidence"], lease_seconds=3600
    )
    assert claim is not None
    assert claim.job_id == created.id
    return JobContext(
        asked,
        engine=explained.engine,
        signals=explained.engine,
        settings=explained.swept.settings,
        lease=Lease(claim, 3600),
        stopping=Stopping(),
        run_step=lambda name, function: function(),  # noqa: ARG005
    )


def scores(explained, run_id):
    return sorted(
        (row.explanation_id, row.score, row.status, row.value, row.low, row.high, row.foil)
        for row in explained.scores(run_id=run_id)
    )


def said(explained) -> dict[int, tuple]:
    with open_session(explained.engine) as session:
        rows = session.scalars(select(PredictionTable)).all()
    return {row.id: (row.explanation_id, row.sha256, row.created_at) for row in rows}


def newest_run(explained) -> int:
    with open_session(explained.engine) as session:
        return session.scalar(select(func.max(RunTable.id)).where(RunTable.kind == "evidence"))


def dying(function, calls, *, at):
    def call(*given, **named):
        calls.append(given)
        if len(calls) == at:
            raise PowerCut
        return function(*given, **named)

    return call


def test_one_that_died_between_saying_and_measuring_goes_on_with_what_it_said(
    explained, monkeypatch
):
    whole = job.run(context_of(explained, seed=1))["run_id"]
    expected = scores(explained, whole)
    context = context_of(explained, seed=2)
    calls = []
    monkeypatch.setattr(work, "measure_units", dying(work.measure_units, calls, at=2))
    with pytest.raises(PowerCut):
        job.run(context)
    run_id = newest_run(explained)
    before, measured = said(explained), scores(explained, run_id)
    assert measured
    assert len(measured) < len(expected)
    monkeypatch.undo()
    assert job.run(context)["run_id"] == run_id
    after = said(explained)
    assert {number: after[number] for number in before} == before
    again = scores(explained, run_id)
    assert [row for row in again if row[:2] in {one[:2] for one in measured}] == measured
    assert [row[:2] for row in again] == [row[:2] for row in expected]
    for row in explained.scores(run_id=run_id):
        assert row.prediction_id is None or after[row.prediction_id][2] <= row.measured_at


def test_a_cancelled_job_ends_between_layers_and_keeps_what_is_stored(explained, monkeypatch):
    context = context_of(explained, seed=3)
    calls = []

    def cancelling(*given, **named):
        calls.append(given)
        if len(calls) == 2:
            with open_session(explained.engine, commit=True) as session:
                request_cancel(session, job_id=context.job_id, actor="tester")
            context._polled_at = float("-inf")
        return measure(*given, **named)

    measure = work.measure_units
    monkeypatch.setattr(work, "measure_units", cancelling)
    with pytest.raises(JobCancelled):
        job.run(context)
    with open_session(explained.engine) as session:
        n = session.scalar(
            select(func.count()).where(CausalScoreTable.run_id == newest_run(explained))
        )
    assert n
