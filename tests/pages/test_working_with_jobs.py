"""Someone looks at jobs, starts a sweep, cancels one, reads why one failed."""

import re

from sqlalchemy import update
from starlette.testclient import TestClient

from app.commands import formatting
from app.store.engine import open_session
from app.store.queries.job import get_job, list_jobs
from app.store.tables.job import JobTable


def job_ids(client: TestClient, status: str) -> list[str]:
    return re.findall(
        r'<th scope="row"><a href="/jobs/(\w+)">', client.get(f"/jobs?status={status}").text
    )


def test_jobs_are_listed_by_status(pages: TestClient) -> None:
    assert len(job_ids(pages, "failed")) == 2
    assert len(job_ids(pages, "")) == 10
    assert pages.get("/jobs?status=dreaming").status_code == 422


def test_a_failed_job_shows_its_sentence_and_its_traceback(pages: TestClient) -> None:
    page = pages.get(f"/jobs/{job_ids(pages, 'failed')[0]}").text
    assert "What went wrong" in page
    assert "try float32" in page
    assert "Traceback (most recent call last)" in page


def test_a_running_job_shows_progress_and_listens_to_its_events(pages: TestClient) -> None:
    job_id = job_ids(pages, "running")[0]
    page = pages.get(f"/jobs/{job_id}").text
    assert f'data-live="/api/v1/jobs/{job_id}/events"' in page
    assert "windows/s" in page
    assert "left</span>" in page
    headers = {"hx-request": "true", "hx-target": "div#live"}
    fragment = pages.get(f"/jobs/{job_id}", headers=headers).text
    assert fragment.lstrip().startswith('<div id="live"')


def test_a_finished_job_leads_to_its_run_and_no_longer_listens(pages: TestClient) -> None:
    page = pages.get(f"/jobs/{job_ids(pages, 'succeeded')[0]}").text
    assert "Its numbers:" in page
    assert "data-live" not in page
    assert "Cancel the job" not in page


def test_a_job_can_be_cancelled_by_a_plain_form(own_pages: TestClient) -> None:
    job_id = job_ids(own_pages, "running")[0]
    answer = own_pages.post(f"/jobs/{job_id}/cancel", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/jobs/{job_id}"
    page = own_pages.get(f"/jobs/{job_id}").text
    assert "cancelling" in page
    assert "Cancel the job" not in page


def test_another_site_cannot_cancel_a_job(own_pages: TestClient) -> None:
    job_id = job_ids(own_pages, "running")[0]
    headers = {"sec-fetch-site": "cross-site"}
    assert own_pages.post(f"/jobs/{job_id}/cancel", headers=headers).status_code == 403
    assert "Cancel the job" in own_pages.get(f"/jobs/{job_id}").text


def test_a_sweep_is_started_by_a_plain_form(own_pages: TestClient) -> None:
    form = {"model": "synthetic", "corpus": "starter", "window_length": "32", "seed": "3"}
    answer = own_pages.post("/jobs", data=form, follow_redirects=False)
    assert answer.status_code == 303
    page = own_pages.get(answer.headers["location"]).text
    assert "queued" in page
    assert "local owner" in page
    assert re.search(r"<dt>tokens per window</dt><dd>32</dd>", page)


def test_a_sweep_that_cannot_be_is_refused_with_the_field(own_pages: TestClient) -> None:
    form = {"model": "synthetic", "corpus": "starter", "window_length": "1"}
    answer = own_pages.post("/jobs", data=form)
    assert answer.status_code == 422
    assert "window_length" in answer.text
    assert own_pages.post("/jobs", data={"model": "no", "corpus": "starter"}).status_code == 404


def test_without_model_or_corpus_the_page_says_how_to_add_them(empty_pages: TestClient) -> None:
    page = empty_pages.get("/jobs").text
    assert "patchclamp models add" in page
    assert "No jobs yet" in page


def test_a_job_that_does_not_exist_is_not_found(pages: TestClient) -> None:
    assert pages.get("/jobs/ffffffff").status_code == 404


def test_the_time_left_is_said_to_be_estimated_until_a_rate_is_measured(
    own_pages: TestClient,
) -> None:
    engine = own_pages.app.state.engine  # type: ignore[attr-defined]
    with open_session(engine) as session:
        job = list_jobs(session, status="running").items[0]
    assert job.progress.seconds_left
    assert "estimating" not in own_pages.get(f"/jobs/{job.id}").text
    assert formatting.left(job.progress).endswith(" left")
    for values, told in (({"rate": None}, True), ({"unit": "parts"}, False)):
        with open_session(engine, commit=True) as session:
            session.execute(update(JobTable).where(JobTable.id == job.id).values(**values))
        with open_session(engine) as session:
            progress = get_job(session, job_id=job.id).progress
        assert (progress.estimating, progress.seconds_left) == (told, None)
        assert ("estimating the time left" in own_pages.get(f"/jobs/{job.id}").text) == told
        assert formatting.left(progress) == ("estimating the time left" if told else "")


def test_a_job_that_waits_says_what_goes_before_it_and_what_workers_do(
    own_pages: TestClient,
) -> None:
    running = job_ids(own_pages, "running")
    form = {"model": "synthetic", "corpus": "starter"}
    address = own_pages.post("/jobs", data=form, follow_redirects=False).headers["location"]
    n_before = len(job_ids(own_pages, "queued")) - 1
    page = own_pages.get(address).text
    assert n_before == 1
    assert "1 job goes before it." in page
    assert f'At work now: <a href="/jobs/{running[0]}">sweep {running[0][:8]}</a> of' in page
    assert "No worker is running: start one with <code>patchclamp worker</code>" in page
    assert own_pages.get(f"/api/v1{address}").json()["waiting"]["n_before"] == 1
    assert "before it" not in own_pages.get(f"/jobs/{running[0]}").text


def test_a_circuit_that_was_found_is_linked_from_the_line_of_its_success(
    own_pages: TestClient,
) -> None:
    job_id = job_ids(own_pages, "succeeded")[0]
    engine = own_pages.app.state.engine  # type: ignore[attr-defined]
    with open_session(engine, commit=True) as session:
        values = {"kind": "circuit", "model_name": "synthetic", "result": {"circuit": "he-she"}}
        session.execute(update(JobTable).where(JobTable.id == job_id).values(**values))
    page = own_pages.get(f"/jobs/{job_id}").text
    assert '<p>Found: <a href="/m/synthetic/circuits/he-she">the circuit he-she</a>.</p>' in page
