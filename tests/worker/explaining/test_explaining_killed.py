"""An explain job that died and is taken up again stores what one that went through stores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from analysis.worker.context import JobContext
from analysis.worker.explaining import job
from analysis.worker.explaining.work import Explaining
from analysis.worker.heartbeat import Lease
from analysis.worker.inline import run_inline
from analysis.worker.stopping import Stopping
from app.store import queue
from app.store.engine import open_session
from app.store.queries.job import create_job
from app.store.requests import ExplainRequest
from app.store.tables import ExplanationTable, ScoreSummaryTable, ScoreTable, SiteTable
from tests.worker.sweeping.conftest import Swept

SCORES = (
    "split", "judge", "status", "reason", "n_windows", "n_documents", "n_positions", "n_failed",
    "r", "p", "values",
)  # fmt: skip
SUMMARIES = (
    "site_id", "method", "split", "n_units", "n_scored", "n_undefined", "n_failed", "n_better",
    "mean_r", "quantiles", "points",
)  # fmt: skip


class PowerCut(BaseException):
    pass


def stored(swept: Swept, run_id: int) -> dict[str, list[Any]]:
    """Explanations, scores and summaries of a run, but for when they were stored."""
    explained, score, summary = ExplanationTable, ScoreTable, ScoreSummaryTable
    of_unit = (SiteTable.name, explained.unit_index, explained.method)
    order = (*of_unit, explained.version)
    with open_session(swept.engine) as session:
        texts = session.execute(
            select(*of_unit, explained.status, explained.program, explained.text, explained.bits)
            .join(SiteTable, SiteTable.id == explained.site_id)
            .where(explained.run_id == run_id)
            .order_by(*order)
        ).all()
        scores = session.execute(
            select(*of_unit, *(getattr(score, name) for name in SCORES))
            .join(explained, explained.id == score.explanation_id)
            .join(SiteTable, SiteTable.id == explained.site_id)
            .where(score.run_id == run_id)
            .order_by(*order, score.split)
        ).all()
        summaries = session.execute(
            select(*(getattr(summary, name) for name in SUMMARIES))
            .where(summary.run_id == run_id)
            .order_by(summary.site_id, summary.method, summary.split)
        ).all()
    return {
        "explanations": [tuple(row) for row in texts],
        "scores": [tuple(row) for row in scores],
        "summaries": [tuple(row) for row in summaries],
    }


@dataclass(frozen=True)
class Whole:
    """What a job stores that nothing interrupts."""

    stored: dict[str, list[Any]]
    n_rounds: int


@pytest.fixture(scope="module")
def whole(swept: Swept) -> Whole:
    rounds: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "summarise", in_turn(job.summarise, rounds, dies_at=-1))
        result = run_inline(swept.engine, swept.settings, job.KIND, asked_of(swept))
    assert result is not None
    found = stored(swept, result["run_id"])
    assert all(found.values())
    return Whole(found, len(rounds))


def asked_of(swept: Swept) -> ExplainRequest:
    return ExplainRequest(model="planted", run_id=swept.run_id, seed=0)


def in_turn(function: Callable[..., Any], calls: list[Any], dies_at: int) -> Callable[..., Any]:
    """`function`, but the power fails at its call of that number."""

    def call(*given: Any, **named: Any) -> Any:
        if len(calls) == dies_at:
            raise PowerCut
        calls.append(given)
        return function(*given, **named)

    return call


def test_one_that_died_before_a_chunk_does_only_what_is_not_stored(
    swept: Swept, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain = Explaining.explain
    done: list[Any] = []
    again: list[Any] = []
    context = context_of(swept)
    monkeypatch.setattr(Explaining, "explain", in_turn(explain, done, dies_at=3))
    with pytest.raises(PowerCut):
        job.run(context)
    monkeypatch.setattr(Explaining, "explain", in_turn(explain, again, dies_at=-1))
    run_id = job.run(context)["run_id"]
    assert len(done) == 3
    assert not {chunk for _, chunk in done} & {chunk for _, chunk in again}
    assert stored(swept, run_id) == whole.stored


def test_one_that_died_between_its_last_chunk_and_the_summary_summarises_it(
    swept: Swept, whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    summarise = job.summarise
    assert whole.n_rounds > 1
    context = context_of(swept)
    monkeypatch.setattr(job, "summarise", in_turn(summarise, [], dies_at=whole.n_rounds - 1))
    with pytest.raises(PowerCut):
        job.run(context)
    monkeypatch.setattr(job, "summarise", summarise)
    run_id = job.run(context)["run_id"]
    assert stored(swept, run_id) == whole.stored


def test_summaries_are_caught_up_with_before_the_next_chunk(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round of a large model takes hours, through which the model's page would be out of date."""
    context = context_of(swept)
    monkeypatch.setattr(job, "summarise", in_turn(job.summarise, [], dies_at=0))
    with pytest.raises(PowerCut):
        job.run(context)
    monkeypatch.undo()
    monkeypatch.setattr(Explaining, "explain", in_turn(Explaining.explain, [], dies_at=0))
    with pytest.raises(PowerCut):
        job.run(context)
    with open_session(swept.engine) as session:
        newest = session.scalar(select(func.max(ExplanationTable.run_id)))
        assert newest is not None
    assert stored(swept, newest)["summaries"]


def context_of(swept: Swept) -> JobContext[ExplainRequest]:
    """Of a job that this process has taken."""
    asked = asked_of(swept)
    with open_session(swept.engine, commit=True) as session:
        asked_for = create_job(session, request=asked, actor="tester")
    claim = queue.claim_next(swept.engine, worker_id="w", kinds=["explain"], lease_seconds=3600)
    assert claim is not None
    assert claim.job_id == asked_for.id
    return JobContext(
        asked,
        engine=swept.engine,
        signals=swept.engine,
        settings=swept.settings,
        lease=Lease(claim, 3600),
        stopping=Stopping(),
        run_step=lambda name, function: function(),  # noqa: ARG005
    )
