"""Someone looks while numbers are still missing: pages say so, and say why."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.tables.job import JobTable
from app.store.tables.model import ModelTable
from app.store.tables.run import RunTable
from app.store.tables.unit import ExemplarTable, OutputSideTable, RelatedUnitTable

UNIT = "/m/synthetic/mlp.0/5"
UNDER_WAY = update(JobTable).where(JobTable.status.in_(("running", "queued")))


@contextmanager
def store(client: TestClient) -> Iterator[Session]:
    with open_session(client.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        yield session


def test_a_running_sweep_is_announced_with_its_progress(own_pages: TestClient) -> None:
    with store(own_pages) as session:
        job_id = session.scalars(select(JobTable.id).filter_by(status="running")).first()
        run_id = session.scalars(select(ModelTable.current_run_id)).one()
        session.execute(
            update(RunTable).filter_by(id=run_id).values(status="running", job_id=job_id)
        )
    page = own_pages.get(UNIT).text
    assert "Sweep running" in page
    assert "<b><data" in page
    assert "1,600" in page
    assert f'href="/jobs/{job_id}"' in page
    headers = {"hx-request": "true", "hx-target": "section#partial"}
    fragment = own_pages.get(UNIT, headers=headers).text
    assert fragment.lstrip().startswith('<section id="partial"')


def test_numbers_of_a_sweep_that_runs_are_said_to_be_of_the_windows_published_last(
    own_pages: TestClient,
) -> None:
    words = "of the first windows only, as they were when last published"
    paths = ("/m/synthetic", "/m/synthetic/mlp.0")
    assert not any("as published last" in own_pages.get(path).text for path in (*paths, UNIT))
    with store(own_pages) as session:
        job_id = session.scalars(select(JobTable.id).filter_by(status="running")).first()
        run_id = session.scalars(select(ModelTable.current_run_id)).one()
        session.execute(
            update(RunTable).filter_by(id=run_id).values(status="running", job_id=job_id)
        )
    for path in paths:
        page = own_pages.get(path).text
        assert words in page
        assert f'<a href="/runs/{run_id}">' in page
    unit = own_pages.get(UNIT).text
    assert re.search(r"of the first \S.*windows of fit, as published last", unit)
    assert "windows read so far" not in unit


@pytest.mark.parametrize(
    ("status", "words"), [("cancelled", "was cancelled"), ("failed", "failed")]
)
def test_numbers_of_a_sweep_that_ended_early_are_not_shown_as_final(
    own_pages: TestClient, status: str, words: str
) -> None:
    paths = ("/m/synthetic", "/m/synthetic/mlp.0", UNIT)
    assert not any("before its end" in own_pages.get(path).text for path in paths)
    with store(own_pages) as session:
        run_id = session.scalars(select(ModelTable.current_run_id)).one()
        session.execute(update(RunTable).filter_by(id=run_id).values(status=status))
    for path in paths:
        page = own_pages.get(path).text
        assert f"This sweep {words} before its end:</strong> its numbers are of the" in page
        assert f'<a href="/runs/{run_id}">' in page


def test_a_missing_output_side_names_the_job_that_will_make_it(own_pages: TestClient) -> None:
    with store(own_pages) as session:
        session.execute(delete(OutputSideTable))
        session.execute(delete(RelatedUnitTable))
    assert "Not computed yet." in own_pages.get(UNIT).text
    with store(own_pages) as session:
        session.execute(
            insert(JobTable).values(
                id=uuid.uuid4().hex, kind="output", status="queued", request={}, attempts=0,
                model_name="synthetic", created_by="test", created_at=datetime.now(UTC),
                cancel_requested=False,
            )
        )  # fmt: skip
    assert "Not computed yet: output side (job queued)." in own_pages.get(UNIT).text


def test_a_constant_unit_is_not_said_to_wait_for_its_relatives(own_pages: TestClient) -> None:
    with store(own_pages) as session:
        session.execute(
            update(RelatedUnitTable).values(sites=b"", indices=b"", values=b"", test_values=None)
        )
    page = own_pages.get(UNIT).text
    assert "None: it is constant there." in page
    assert "Not computed yet" not in page


def test_windows_that_are_not_stored_are_not_shown_as_none_of_note(own_pages: TestClient) -> None:
    with store(own_pages) as session:
        session.execute(delete(ExemplarTable))
    assert "No top windows are stored on split fit" in own_pages.get(UNIT).text
    assert "No interval windows are stored" in own_pages.get(f"{UNIT}?show=intervals").text


def test_a_model_without_a_sweep_says_how_to_start_one(own_pages: TestClient) -> None:
    with store(own_pages) as session:
        session.execute(update(ModelTable).values(current_run_id=None))
        session.execute(UNDER_WAY.values(status="failed"))
    page = own_pages.get("/m/synthetic").text
    assert "patchclamp sweep --model synthetic --corpus CORPUS" in page
    assert own_pages.get("/m/synthetic/random").status_code == 404
    assert own_pages.get(UNIT).status_code == 404


@pytest.mark.parametrize(
    ("status", "said"), [("running", "sweep is running"), ("queued", "sweep waits to begin")]
)
def test_while_the_first_sweep_is_under_way_nobody_is_told_to_start_one(
    own_pages: TestClient, status: str, said: str
) -> None:
    with store(own_pages) as session:
        session.execute(update(ModelTable).values(current_run_id=None))
        session.execute(UNDER_WAY.values(status="failed"))
        job = session.scalars(select(JobTable).filter_by(kind="sweep")).first()
        assert job is not None
        job.status, job.model_name = status, "synthetic"
        job_id = job.id
    page = own_pages.get("/m/synthetic").text.partition('id="map"')[2].partition("</section>")[0]
    assert said in page
    assert f'href="/jobs/{job_id}"' in page
    assert "CORPUS" not in page
    told = own_pages.get("/api/v1/models/synthetic/scores")
    assert told.status_code == 404
    assert said.removeprefix("sweep ") in told.json()["detail"]
    assert f"patchclamp jobs watch {job_id[:8]}" in told.json()["hint"]


def test_relatives_from_some_of_the_tokens_have_no_recall(own_pages: TestClient) -> None:
    with store(own_pages) as session:
        for run in session.scalars(select(RunTable).filter_by(kind="relate")):
            activity = run.measured["activity"] | {"tokens": 900}
            run.measured = run.measured | {"activity": activity}
    page = own_pages.get(UNIT).text
    assert "truly most alike: " not in page
    assert re.search(r"not measured: only .*?900.*? of .*?1,016.*? tokens were read", page)
