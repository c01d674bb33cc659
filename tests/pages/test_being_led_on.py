"""Someone who opens the front page is told what to do next, whatever is there."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update
from starlette.testclient import TestClient

from app.pages.home import next_step
from app.store.engine import open_session
from app.store.queries.job import create_job
from app.store.requests import SweepRequest
from app.store.tables import JobEventTable, JobTable, ModelTable
from app.store.tables.base import Base
from app.store.tables.job import WorkerTable
from tests.store import rows

Fill = Callable[..., None]


@pytest.fixture
def put(empty_pages: TestClient) -> Fill:
    def put_rows(*given: Base) -> None:
        with open_session(empty_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
            session.add_all(given)

    return put_rows


def advice(client: TestClient) -> str:
    page = client.get("/").text
    return page[page.index('id="next-title"') :].partition("</section>")[0]


def worker() -> WorkerTable:
    now = datetime.now(UTC)
    return WorkerTable(id="w", host="h", process=1, started_at=now, heartbeat_at=now)


def test_a_corpus_alone_asks_for_a_model(empty_pages: TestClient, put: Fill) -> None:
    put(rows.corpus())
    assert "patchclamp models add" in advice(empty_pages)
    assert "Nothing is here yet" not in empty_pages.get("/").text


def test_a_model_alone_asks_for_a_corpus(empty_pages: TestClient, put: Fill) -> None:
    put(rows.model())
    assert "patchclamp corpora add starter" in advice(empty_pages)


def test_a_model_that_was_not_swept_asks_for_its_sweep(empty_pages: TestClient, put: Fill) -> None:
    put(rows.model(), rows.corpus())
    told = advice(empty_pages)
    assert "patchclamp sweep --model toy --corpus starter" in told
    assert 'href="/jobs#start-title"' in told
    assert 'id="start-title"' in empty_pages.get("/jobs").text


def test_a_job_that_waits_asks_for_a_worker_until_there_is_one(
    empty_pages: TestClient, put: Fill
) -> None:
    put(rows.model(), rows.corpus())
    with open_session(empty_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        create_job(session, request=SweepRequest(model="toy", corpus="starter"), actor="owner")
    assert "patchclamp worker" in advice(empty_pages)
    put(worker())
    page = empty_pages.get("/").text
    assert "Nothing is here yet" not in page
    assert "this page moves by itself" in page
    headers = {"hx-request": "true", "hx-target": "div#overview"}
    fragment = empty_pages.get("/", headers=headers).text
    assert fragment.lstrip().startswith('<div id="overview"')
    assert 'hx-trigger="every 5s"' in fragment


def test_a_running_sweep_leads_to_what_was_found_so_far(own_pages: TestClient) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        session.add(worker())
    told = advice(own_pages)
    assert "this page moves by itself" in told
    assert 'href="/m/synthetic"' in told


def test_a_swept_model_leads_to_its_map_and_its_neurons(own_pages: TestClient) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        active = select(JobTable.id).where(JobTable.status.in_(("queued", "running")))
        session.execute(delete(JobEventTable).where(JobEventTable.job_id.in_(active)))
        session.execute(delete(JobTable).where(JobTable.id.in_(active.scalar_subquery())))
    told = advice(own_pages)
    assert 'href="/m/synthetic"' in told
    assert "/m/synthetic/random?seed=" in told
    assert "hx-trigger" not in own_pages.get("/").text.partition('id="overview"')[2][:80]


def test_a_job_that_failed_last_is_named_with_its_reason(own_pages: TestClient) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        session.execute(update(ModelTable).values(current_run_id=None))
        failed = session.scalars(select(JobTable).filter_by(status="failed")).one()
        failed.created_at = datetime(2027, 1, 1, tzinfo=UTC)
    told = advice(own_pages)
    assert "failed</a>" in told
    assert "try float32" in told


def test_an_empty_store_begins() -> None:
    assert next_step([], [], [], awake=True) == "begin"
