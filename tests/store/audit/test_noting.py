import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.errors import UnavailableError
from app.store.audit.noting import LOCAL, By, note
from app.store.audit.verifying import verify
from app.store.engine import open_session
from app.store.tables import ModelTable
from tests.store import rows as tables
from tests.store.audit_log import fill, rows


def say(session, subject, **more):
    note(session, action="test.done", subject=subject, **more)


def test_what_is_noted_is_there_once_the_session_commits(engine):
    with open_session(engine, commit=True, by=By("ada", "nightly")) as session:
        say(session, "thing 1", model="toy", before={"a": 1}, after={"a": 2.5})
        assert rows(engine) == []
    (row,) = rows(engine)
    assert {name: row[name] for name in ("id", "actor", "token", "action", "model", "subject")} == {
        "id": 1, "actor": "ada", "token": "nightly", "action": "test.done", "model": "toy",
        "subject": "thing 1",
    }  # fmt: skip
    assert (row["before"], row["after"]) == ('{"a": 1}', '{"a": 2.5}')


def test_rows_are_numbered_without_gaps_across_transactions(engine):
    for _ in range(3):
        with open_session(engine, commit=True) as session:
            say(session, "one")
            say(session, "two")
    assert [row["id"] for row in rows(engine)] == [1, 2, 3, 4, 5, 6]
    assert verify(engine).fault is None


def say_and_fail(session, subject):
    say(session, subject)
    raise RuntimeError


def test_what_is_rolled_back_leaves_nothing(engine):
    with pytest.raises(RuntimeError), open_session(engine, commit=True) as session:
        say_and_fail(session, "thing 1")
    with open_session(engine) as session:
        say(session, "thing 2")
    assert rows(engine) == []
    fill(engine, 1)
    assert [row["id"] for row in rows(engine)] == [1]


def test_a_session_that_goes_on_after_a_rollback_forgets_what_it_noted_before(engine):
    with open_session(engine, commit=True) as session:
        say(session, "undone")
        session.rollback()
        say(session, "done")
    assert [row["subject"] for row in rows(engine)] == ["done"]


def test_what_is_rolled_back_to_a_savepoint_is_forgotten_and_the_rest_kept(engine):
    with open_session(engine, commit=True) as session:
        say(session, "before")
        with pytest.raises(RuntimeError), session.begin_nested():
            say_and_fail(session, "inside")
        with session.begin_nested():
            say(session, "inside another")
        assert rows(engine) == []
        say(session, "after")
    assert [row["subject"] for row in rows(engine)] == ["before", "inside another", "after"]


def add_and_say(session):
    session.add(tables.model())
    say(session, "model toy")
    session.flush()


def test_a_savepoint_that_a_row_is_refused_in_takes_no_other_note_along(engine):
    with open_session(engine, commit=True) as session:
        session.add(tables.model())
        session.flush()
        say(session, "before")
        with pytest.raises(IntegrityError), session.begin_nested():
            add_and_say(session)
        say(session, "after")
    assert [row["subject"] for row in rows(engine)] == ["before", "after"]


def test_a_write_whose_note_cannot_be_sealed_is_not_made_either(engine, monkeypatch):
    def no_key(_keys):
        raise UnavailableError("no key")

    monkeypatch.setattr("app.store.audit.keys.Keys.key", no_key)
    with pytest.raises(UnavailableError), open_session(engine, commit=True) as session:
        add_and_say(session)
    with open_session(engine) as session:
        assert session.scalars(select(ModelTable)).all() == []


def test_a_session_that_notes_nothing_needs_no_key(engine, settings):
    with open_session(engine, commit=True) as session:
        session.add(tables.model())
    assert not (settings.data / "audit.key").exists()


def test_without_anybody_it_is_the_local_owner_who_acts(engine):
    with open_session(engine, commit=True) as session:
        say(session, "thing 1")
    assert [(row["actor"], row["token"]) for row in rows(engine)] == [(LOCAL.actor, None)]


def test_the_name_of_a_token_is_told_of_its_own_actor_alone(engine):
    with open_session(engine, commit=True, by=By("ada", "nightly")) as session:
        say(session, "thing 1", actor="ada")
        say(session, "thing 2", actor="bob")
    assert [(row["actor"], row["token"]) for row in rows(engine)] == [
        ("ada", "nightly"), ("bob", None),
    ]  # fmt: skip


def test_a_long_text_is_cut_and_keeps_its_length_and_checksum(engine):
    with open_session(engine, commit=True) as session:
        say(session, "thing 1", after={"text": "ä" * 100_000})
    after = rows(engine)[0]["after"]
    assert len(after) < 5000
    assert '"characters": 100000' in after
    assert "13bd1d8be7eea9a2e15fb3e1e6e7ce24" not in after  # of other text
    assert verify(engine).fault is None


@pytest.mark.parametrize(
    "value",
    [
        {"text": "\0 \ud800 🦊 \u202e"},
        {"number": float("nan"), "other": float("-inf"), "large": 2**70},
        [{"deep": [[[{"a": "x" * 10_000}]]]}] * 500,
        {f"name {n}": "x" * 400 for n in range(500)},
        "just a text",
        {"'; DROP TABLE audit; --": "<script>"},
    ],
    ids=["odd text", "odd numbers", "many", "wide", "text", "hostile"],
)  # fmt: skip
def test_whatever_is_noted_is_stored_small_and_fits_its_seal(engine, value):
    with open_session(engine, commit=True) as session:
        say(session, "thing \0\ud800", actor="ada \0", model="toy\0", before=value, after=value)
    (row,) = rows(engine)
    assert len(row["after"]) < 20_000
    assert verify(engine).fault is None


def test_many_who_write_at_once_make_one_chain_without_gaps(engine):
    n_writers, each = 12, 10
    begun = threading.Barrier(n_writers)

    def work(writer):
        begun.wait()
        for number in range(each):
            with open_session(engine, commit=True) as session:
                session.add(tables.model(f"model-{writer}-{number}"))
                say(session, f"model-{writer}-{number}")
                if number % 3 == 0:
                    say(session, f"model-{writer}-{number} again")

    with ThreadPoolExecutor(n_writers) as pool:
        list(pool.map(work, range(n_writers)))
    found = verify(engine)
    assert found.fault is None
    assert found.n_rows == n_writers * (each + 4)
    assert [row["id"] for row in rows(engine)] == list(range(1, found.n_rows + 1))


def test_writers_that_fail_at_once_leave_no_gap(engine):
    def work(number):
        done = say_and_fail if number % 2 else say
        with suppress(RuntimeError), open_session(engine, commit=True) as session:
            done(session, f"thing {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    found = verify(engine)
    assert (found.fault, found.n_rows) == (None, 20)
