"""A job's page follows the job; cancelling works by a button."""

from datetime import UTC, datetime

from fastapi import FastAPI
from playwright.sync_api import expect
from sqlalchemy import insert, select, update

from app.store.engine import open_session
from app.store.tables.job import JobEventTable, JobTable
from tests.browser.conftest import OpenPage


def test_progress_appears_without_a_reload_and_the_job_can_be_cancelled(
    app: FastAPI, open_page: OpenPage
) -> None:
    with open_session(app.state.engine) as session:
        job_id = session.scalars(select(JobTable.id).filter_by(status="running")).first()
    page = open_page(f"/jobs/{job_id}")
    expect(page.locator("#live .progress")).to_contain_text("640")
    with open_session(app.state.engine, commit=True) as session:
        session.execute(update(JobTable).filter_by(id=job_id).values(done=1234.0))
        session.execute(
            insert(JobEventTable).values(
                job_id=job_id, at=datetime.now(UTC), kind="progress", data={"done": 1234}
            )
        )
    expect(page.locator("#live .progress")).to_contain_text("1,234", timeout=5000)
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".badge-warn")).to_have_text("cancelling")


def test_a_fold_stays_open_while_the_page_follows_the_job(
    app: FastAPI, open_page: OpenPage
) -> None:
    with open_session(app.state.engine) as session:
        job_id = session.scalars(select(JobTable.id).filter_by(status="running")).first()
    page = open_page(f"/jobs/{job_id}")
    page.get_by_text("The same as raw data").click()
    data = {"message": "Waiting: the disk is full"}
    with open_session(app.state.engine, commit=True) as session:
        session.execute(
            insert(JobEventTable).values(
                job_id=job_id, at=datetime.now(UTC), kind="waiting", data=data
            )
        )
    expect(page.locator(".events")).to_contain_text("the disk is full.", timeout=5000)
    expect(page.locator("#raw-events td", has_text="the disk is full")).to_be_visible()


def test_the_header_tells_how_many_jobs_run(open_page: OpenPage) -> None:
    page = open_page("/glossary")
    expect(page.locator("#running")).to_contain_text("running")
