"""`/audit`: what was done is read, narrowed, paged and verified."""

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.store.audit.noting import note
from app.store.audit.restarting import restart
from app.store.engine import open_session
from tests.pages.writing import words
from tests.store.audit_log import fill, tampering

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def log(empty_pages: TestClient) -> TestClient:
    fill(empty_pages.app.state.engine, 3)
    return empty_pages


def test_rows_stand_newest_first_with_what_was_before_and_after(log: TestClient) -> None:
    page = log.get("/audit").text
    assert page.index("explanation 3") < page.index("explanation 1")
    assert "<del>current</del> → <ins>withdrawn</ins>" in page
    assert "explanation.withdrawn" in page


def test_an_empty_log_says_so(empty_pages: TestClient) -> None:
    assert "No row of the audit log is so." in empty_pages.get("/audit").text


def test_the_form_narrows_and_keeps_what_was_chosen(log: TestClient) -> None:
    query = {
        "actor": "ada", "action": "", "model": "", "subject": "explanation 2",
        "since": "2020-01-01T10:00", "until": "",
    }  # fmt: skip
    page = log.get("/audit", params=query).text
    assert "explanation 2" in page
    assert "<td>explanation 1</td>" not in page
    assert 'value="2020-01-01T10:00"' in page
    assert "No row" in log.get("/audit", params={"actor": "bob"}).text


@pytest.mark.parametrize("moment", ["yesterday", "2020-13-01", "9" * 100])
def test_what_is_no_moment_is_refused(log: TestClient, moment: str) -> None:
    answer = log.get("/audit", params={"since": moment})
    assert answer.status_code == 422
    assert "is no moment" in answer.text


def test_older_rows_are_a_link_away_and_keep_the_filter(log: TestClient) -> None:
    fill(log.app.state.engine, 60)
    page = log.get("/audit", params={"actor": "ada"}).text
    link = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "actor=ada" in link
    older = log.get(link).text
    assert '<data value="13">13</data>' in older
    assert 'rel="next"' not in older


def test_nothing_is_said_of_seals_before_somebody_asks(log: TestClient) -> None:
    page = log.get("/audit").text
    assert "No difference was found" not in page
    found = log.get("/audit/verification").text
    assert "No difference was found" in found
    assert "All 3 rows fit their seals" in words(found)


def test_a_difference_is_told(log: TestClient) -> None:
    with tampering(log.app.state.engine) as connection:
        connection.execute(text("UPDATE audit SET actor = 'eve' WHERE id = 2"))
    found = words(log.get("/audit/verification").text)
    assert "A difference was found" in found
    assert "Row 2 does not fit its seal" in found


def test_what_an_administrator_went_on_from_is_told_with_the_reason(log: TestClient) -> None:
    with tampering(log.app.state.engine) as connection:
        connection.execute(text("UPDATE audit SET actor = 'eve' WHERE id = 2"))
    with open_session(log.app.state.engine, commit=True) as session:
        restart(session, because=EVIL)
    found = log.get("/audit/verification").text
    assert "Rows 2 to 3 do not fit this key" in words(found)
    assert EVIL not in found


def test_markup_in_a_row_stays_text(log: TestClient) -> None:
    with open_session(log.app.state.engine, commit=True) as session:
        note(
            session, actor=EVIL, action="test.done", model=EVIL, subject=EVIL, before={EVIL: EVIL},
            after={EVIL: [EVIL, {EVIL: EVIL * 100}]},
        )  # fmt: skip
    page = log.get("/audit").text
    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_a_long_text_is_shown_by_its_beginning_and_checksum(log: TestClient) -> None:
    with open_session(log.app.state.engine, commit=True) as session:
        note(session, action="test.done", subject="thing 1", after={"text": "lorem " * 1000})
    page = words(log.get("/audit").text)
    assert "6,000 characters, SHA-256" in page
