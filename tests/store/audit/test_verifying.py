import json

import pytest
from sqlalchemy import text

from app.settings import Settings
from app.store.audit import verifying
from app.store.audit.noting import note
from app.store.audit.restarting import restart
from app.store.audit.verifying import verify
from app.store.engine import open_engine, open_session
from tests.store.audit_log import fill, rows, tampering

N = 6


@pytest.fixture
def log(engine):
    """Six rows."""
    fill(engine, N)
    return engine


def tamper(engine, *statements, **values):
    with tampering(engine) as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def fault(engine, **more):
    return verify(engine, **more).fault


def test_a_log_that_nobody_touched_is_as_it_was_written(log):
    found = verify(log)
    assert (found.fault, found.n_rows, found.last_id, found.newest) == (None, N, N, False)
    assert found.last_seal == rows(log)[-1]["seal"]


def test_an_empty_log_is_no_fault(engine):
    found = verify(engine)
    assert (found.fault, found.n_rows, found.last_id) == (None, 0, None)


CHANGES = {
    "at": "'2020-01-01 00:00:00.000000+00:00'", "actor": "'eve'", "token": "'hers'",
    "action": "'explanation.created'", "model": "'other'", "subject": "'explanation 9'",
    "before": "'{\"status\": \"other\"}'", "after": "NULL",
    "seal": "'0000000000000000000000000000000000000000000000000000000000000000'",
}  # fmt: skip


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("number", [1, 3, N])
def test_a_change_of_any_column_is_found_in_its_row(log, column, number):
    changed = f"{column} = {CHANGES[column]}"
    tamper(log, f"UPDATE audit SET {changed} WHERE id = :id", id=number)  # noqa: S608 - ours
    assert fault(log).startswith(f"Row {number} does not fit its seal")


def test_every_column_is_tried():
    columns = {column.key for column in verifying.ROW.selected_columns}
    assert columns == {"id", *CHANGES}


def test_equal_json_in_other_words_is_found(log):
    tamper(log, """UPDATE audit SET "before" = '{"status":"current"}' WHERE id = 2""")
    assert fault(log).startswith("Row 2 does not fit its seal")


def test_a_row_of_another_number_is_missing_where_it_was(log):
    tamper(log, "UPDATE audit SET id = 60 WHERE id = 3")
    assert fault(log) == "Row 3 is missing."


def test_a_deleted_row_is_missing(log):
    tamper(log, "DELETE FROM audit WHERE id = 3")
    assert fault(log) == "Row 3 is missing."


def test_the_first_row_is_missed_too(log):
    tamper(log, "DELETE FROM audit WHERE id <= 2")
    assert fault(log) == "Rows 1 to 2 are missing."


def test_a_deletion_that_closes_the_gap_is_found(log):
    tamper(
        log, "DELETE FROM audit WHERE id = 3", "UPDATE audit SET id = 3 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 5", "UPDATE audit SET id = 5 WHERE id = 6",
    )  # fmt: skip
    assert fault(log).startswith("Row 3 does not fit its seal")


def test_rows_that_are_cut_off_the_end_are_missed(log):
    tamper(log, "DELETE FROM audit WHERE id >= 5")
    assert fault(log) == "Rows 5 to 6 are missing."


def test_an_end_that_is_set_back_to_where_rows_were_cut_is_found(log):
    seal = rows(log)[3]["seal"]
    tamper(
        log, "DELETE FROM audit WHERE id >= 5",
        "UPDATE audit_head SET last_id = 4, seal = :seal", seal=seal,
    )  # fmt: skip
    assert fault(log) == "What is kept of the end of the log, row 4, was changed."


def test_all_rows_that_are_gone_are_missed(log):
    tamper(log, "DELETE FROM audit")
    assert fault(log) == "Rows 1 to 6 are missing."


def test_an_end_that_is_gone_is_missed(log):
    tamper(log, "DELETE FROM audit_head")
    assert fault(log) == "The row that says where the log ends is missing."


def test_a_log_that_is_emptied_is_found_by_who_noted_its_end(log):
    before = verify(log)
    tamper(
        log, "DELETE FROM audit",
        "UPDATE audit_head SET last_id = 0, seal = '', closing = '', key = ''",
    )  # fmt: skip
    fill(log, 2)
    assert fault(log) is None  # nothing in the database tells it from a new one
    assert fault(log, known=(before.last_id, before.last_seal[:16])) == "Row 6 is missing."


def test_a_log_that_was_put_back_and_went_on_is_found_by_who_noted_its_end(log):
    with log.connect() as connection:
        head = connection.execute(text("SELECT * FROM audit_head")).one()._mapping
    fill(log, 2)
    before = verify(log)
    tamper(
        log, "DELETE FROM audit WHERE id > 6",
        "UPDATE audit_head SET last_id = :last_id, seal = :seal, closing = :closing", **head,
    )  # fmt: skip
    fill(log, 3)
    assert fault(log) is None
    told = fault(log, known=(before.last_id, before.last_seal[:16]))
    assert told == "Row 8 has another seal than it had when it was noted."


def test_a_row_that_is_doubled_at_the_end_is_found(log):
    tamper(
        log, """INSERT INTO audit SELECT 7, at, actor, token, action, model, subject, "before",
        "after", seal FROM audit WHERE id = 2""",
    )  # fmt: skip
    assert fault(log) == "Row 7 is behind the end of the log, which is row 6."


def test_a_row_in_the_place_of_another_is_told_with_the_one_that_it_copies(log):
    tamper(
        log, "DELETE FROM audit WHERE id = 4",
        """INSERT INTO audit SELECT 4, at, actor, token, action, model, subject, "before",
        "after", seal FROM audit WHERE id = 2""",
    )  # fmt: skip
    assert fault(log) == "Row 4 has the seal of row 2: one is a copy of the other."


def test_rows_that_change_places_are_found(log):
    tamper(
        log, "UPDATE audit SET id = 100 WHERE id = 2", "UPDATE audit SET id = 2 WHERE id = 5",
        "UPDATE audit SET id = 5 WHERE id = 100",
    )  # fmt: skip
    assert fault(log).startswith("Row 2 does not fit its seal")


def test_an_old_row_that_is_changed_is_found_after_more_were_written(log):
    tamper(log, "UPDATE audit SET actor = 'eve' WHERE id = 2")
    fill(log, 2)
    assert fault(log).startswith("Row 2 ")


def test_the_newest_rows_alone_can_be_verified(log):
    found = verify(log, newest=2)
    assert (found.fault, found.n_rows, found.newest) == (None, 2, True)
    tamper(log, "UPDATE audit SET actor = 'eve' WHERE id = 2")
    assert fault(log, newest=2) is None
    tamper(log, "UPDATE audit SET actor = 'eve' WHERE id = 5")
    assert fault(log, newest=2).startswith("Row 5 ")


@pytest.mark.parametrize("n", [1, 2, 3, N, N + 1])
def test_rows_are_read_a_few_at_a_time_however_many_there_are(log, n, monkeypatch):
    monkeypatch.setattr(verifying, "ROWS", n)
    assert verify(log).n_rows == N
    tamper(log, "DELETE FROM audit WHERE id = 4")
    assert fault(log) == "Row 4 is missing."


@pytest.mark.usefixtures("log")
def test_without_the_key_nothing_is_said_to_be_right(settings):
    (settings.data / "audit.key").unlink()
    engine = open_engine(settings)
    assert fault(engine).startswith("There is no key to verify with")
    assert not (settings.data / "audit.key").exists()
    engine.dispose()


@pytest.mark.usefixtures("log")
def test_another_key_is_told_as_that_and_not_as_a_change(settings):
    other = Settings(data=settings.data, database_url=settings.database_url, audit_key="k" * 32)
    engine = open_engine(other)
    assert fault(engine) == "The log is sealed with another key than the one given here."
    engine.dispose()


def test_who_writes_meanwhile_is_not_waited_for_and_no_fault(log, monkeypatch):
    monkeypatch.setattr(verifying, "ROWS", 2)
    real = verifying._fault_of

    def writing_meanwhile(*given):
        fill(log, 1)
        return real(*given)

    monkeypatch.setattr(verifying, "_fault_of", writing_meanwhile)
    found = verify(log)
    assert (found.fault, found.n_rows) == (None, N)


def test_what_an_administrator_went_on_from_is_told_and_no_fault(log):
    tamper(log, "UPDATE audit SET actor = 'eve' WHERE id = 3")
    with open_session(log, commit=True) as session:
        assert restart(session, because="A disk was mended.") == N + 1
    fill(log, 2)
    found = verify(log)
    assert found.fault is None
    assert [(part.first_id, part.last_id, part.because) for part in found.unverified] == [
        (3, N, "A disk was mended.")
    ]
    tamper(log, "UPDATE audit SET actor = 'eve' WHERE id = 8")
    assert fault(log).startswith("Row 8 ")


def test_a_row_that_only_says_that_the_log_goes_on_excuses_nothing(log):
    tamper(
        log, "UPDATE audit SET actor = 'eve' WHERE id = 3",
        "UPDATE audit SET action = 'audit.restarted' WHERE id = 5",
    )  # fmt: skip
    assert fault(log).startswith("Row 3 ")


def test_going_on_names_where_the_log_ended_and_who_did(log):
    with open_session(log, commit=True) as session:
        restart(session, because="The key was lost.")
    last = rows(log)[-1]
    assert (last["actor"], json.loads(last["before"])["last_id"]) == ("local owner", N)
    found = verify(log)
    assert (found.fault, found.unverified) == (None, [])


@pytest.mark.parametrize("gone", ["DELETE FROM audit_head", "DELETE FROM audit WHERE id > 4"])
def test_a_log_without_its_end_can_be_gone_on_with(log, gone):
    tamper(log, gone)
    with open_session(log, commit=True) as session:
        restart(session, because="Its end was lost.")
    fill(log, 1)
    assert fault(log) is None
    assert len(verify(log).unverified) == (1 if "audit_head" not in gone else 0)


def test_a_note_beside_it_is_sealed_as_well(log):
    with open_session(log, commit=True) as session:
        restart(session, because="The key was lost.")
        note(session, action="test.done", subject="thing 1")
    assert verify(log).n_rows == N + 2
