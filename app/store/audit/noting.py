"""What is done to the store is noted on the session that does it, and kept with it or not at all.

    note(session, actor=actor, action="explanation.withdrawn", model="toy", subject="explanation 7",
         before={"status": "current"}, after={"status": "withdrawn"})

Notes are collected until just before the commit (`sealing.py` appends them then), so that writers
wait for each other as late as possible; what is rolled back, also to a savepoint, is forgotten.

On whose behalf a session writes is said when it is opened (`open_session(…, by=…)`), by the one
dependency that opens sessions for requests. No context variable: handlers, writers and commits run
in different threads, and a session that carries its `By` along needs none of them to be told.
Functions that are given an `actor` pass it on; the token's name is added where it is that actor's.
Without either, as on the command line, it is the local owner who acts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, SessionTransaction

from app.store.audit.sealing import Note, append, flush, put_off_flushing
from app.store.audit.shortening import shortened, storable
from app.store.views.account import LOCAL_OWNER


@dataclass(frozen=True)
class By:
    """Who acts, and the name of the token that they show."""

    actor: str
    token: str | None = None


LOCAL: Final = By(LOCAL_OWNER)
NOBODY: Final = By("nobody signed in")
"""Who asks where everybody may: to sign in."""
BY: Final = "audit.by"
PENDING: Final = "audit.pending"
MARKS: Final = "audit.marks"
SEALED: Final = "audit.sealed"


def note(
    session: Session,
    *,
    action: str,
    subject: str,
    actor: str | None = None,
    model: str | None = None,
    before: Any = None,  # noqa: ANN401 - small JSON
    after: Any = None,  # noqa: ANN401
) -> None:
    """Is appended to the audit log when the session commits. `before` and `after` are small JSON;
    long texts are cut, with their SHA-256. Never give it a secret."""
    if not session.in_transaction():
        session.begin()  # which the note belongs to
    by = acting(session)
    if actor is not None and actor != by.actor:
        by = By(actor)
    pending(session).append(
        made_note(by, action=action, subject=subject, model=model, before=before, after=after)
    )


def made_note(
    by: By,
    *,
    action: str,
    subject: str,
    model: str | None = None,
    before: Any = None,  # noqa: ANN401
    after: Any = None,  # noqa: ANN401
) -> Note:
    """For `sealing.append`, where a connection writes and no session."""
    return Note(
        actor=storable(by.actor),
        token=None if by.token is None else storable(by.token),
        action=action,
        model=None if model is None else storable(model),
        subject=storable(subject),
        before=shortened(before),
        after=shortened(after),
    )


def note_alone(engine: Engine, **said: Any) -> None:  # noqa: ANN401 - as of `note`
    """In a transaction of its own: what changes nothing in the store, such as an export. It is
    noted before it happens, so that none goes without."""
    with Session(engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")) as session:
        note(session, **said)
        session.commit()


def act_for(session: Session, by: By) -> None:
    """From now on the session acts for them."""
    session.info[BY] = by


def acting(session: Session) -> By:
    by: By = session.info.get(BY, LOCAL)
    return by


def pending(session: Session) -> list[Note]:
    """What was noted since the last commit."""
    notes: list[Note] = session.info.setdefault(PENDING, [])
    return notes


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Only what differs, as the two arguments of a note."""
    names = [name for name in after if before.get(name) != after[name]]
    return {
        "before": {name: before.get(name) for name in names},
        "after": {name: after[name] for name in names},
    }


@event.listens_for(Session, "before_commit")
def _seal(session: Session) -> None:
    notes: Sequence[Note] = session.info.get(PENDING, ())
    if notes and not session.in_nested_transaction():
        session.flush()
        connection = session.connection()
        put_off_flushing(connection)
        append(connection, notes)
        session.info[SEALED] = connection


@event.listens_for(Session, "after_commit")
def _flush(session: Session) -> None:
    """Nobody is told that it is done before it is on the disk."""
    connection = session.info.pop(SEALED, None)
    if connection is not None:
        flush(connection)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        marks = session.info.setdefault(MARKS, WeakKeyDictionary())
        marks[transaction] = len(pending(session))


@event.listens_for(Session, "after_soft_rollback")
def _forget_some(session: Session, previous: SessionTransaction) -> None:
    """What was noted since the savepoint, or since the beginning. A flush that fails is a rollback
    of its own, to the savepoint that it is in."""
    to = previous if previous.nested else session.get_nested_transaction()
    del pending(session)[0 if to is None else session.info[MARKS][to] :]


@event.listens_for(Session, "after_transaction_end")
def _forget_all(session: Session, transaction: SessionTransaction) -> None:
    """However the whole ended: what was committed is sealed already."""
    if transaction.parent is None:
        pending(session).clear()
        session.info.pop(SEALED, None)
