"""Reads the audit log and says whether it is as it was written, or where the first difference is.

Rows are read in order, a few thousand at a time, in one snapshot: a log of any length takes the
same memory, and who writes meanwhile is not waited for. What stands before a row `audit.restarted`
may not fit the key any more (it was lost, or somebody damaged the log, and an administrator went
on): that is told, with the reason that was noted, and is no fault.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, Text, func, select, type_coerce

from app.store.audit.keys import fingerprint
from app.store.audit.sealing import (
    HEAD,
    KEY_CHANGED,
    closing_of,
    is_new,
    keys_of,
    seal_of,
    text_of_moment,
)
from app.store.tables.audit import AuditTable
from app.store.views.audit import AuditVerification, Unverified

ROWS: Final = 5000
AT_ONCE: Final = 100_000
"""Rows that are read while somebody waits: about a second."""
RESTARTED: Final = "audit.restarted"


class _FaultError(Exception):
    """The first difference, as a sentence, behind the last row that fits."""

    def __init__(self, told: str, after: int = 0) -> None:
        super().__init__(told)
        self.after = after


class _Known(NamedTuple):
    """The last row that fits, and the chain until there."""

    id: int
    seal: str


def verify(
    engine: Engine, *, newest: int | None = None, known: tuple[int, str] | None = None
) -> AuditVerification:
    """Changes nothing. `newest`: only so many rows; `known`: a row and the beginning of its seal,
    as an earlier verification told them. Raises UnavailableError where the key cannot be read."""
    snapshot = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect() as connection:
        return _verify(connection.execution_options(**snapshot), newest, known)


def _verify(
    connection: Connection, newest: int | None, known: tuple[int, str] | None
) -> AuditVerification:
    key = keys_of(connection).known()
    head = connection.execute(HEAD).one_or_none()
    if head is None or key is None or (not is_new(head) and head.key != fingerprint(key)):
        return _answer(_unreadable(connection, head, key))
    begin = 0 if newest is None else max(0, head.last_id - newest)
    unverified: list[Unverified] = []
    told = {"newest": begin > 0, "unverified": unverified}
    try:
        if known is not None:
            _check_known(connection, known)
        last = _Known(begin, _seal_at(connection, begin) if begin else "")
        last = _walk_on(connection, key, last, head, unverified)
    except _FaultError as fault:
        return _answer(str(fault), n_rows=head.last_id - begin, **told)
    return _answer(None, n_rows=last.id - begin, last_id=last.id, last_seal=last.seal, **told)


def _unreadable(
    connection: Connection, head: Row[*tuple[Any, ...]] | None, key: bytes | None
) -> str | None:
    """Why nothing can be compared; None: there is nothing, and should not be."""
    if head is None:
        return "The row that says where the log ends is missing."
    if key is not None:
        return "The log is sealed with another key than the one given here."
    if not is_new(head):
        return (
            "There is no key to verify with: PATCHCLAMP_AUDIT_KEY is not set, and the data folder "
            "has no audit.key."
        )
    first = connection.execute(select(func.min(AuditTable.id))).scalar()
    return None if first is None else f"Row {first} is behind the end of the log, which is empty."


def _walk_on(
    connection: Connection,
    key: bytes,
    last: _Known,
    head: Row[*tuple[Any, ...]],
    unverified: list[Unverified],
) -> _Known:
    """The last row, also past faults that an administrator has gone on from; these are told."""
    while True:
        try:
            return _walk(connection, key, last, head)
        except _FaultError as fault:
            restart = _next_restart(connection, key, fault.after)
            if restart is None:
                raise
            unverified.append(_acknowledged(fault, restart))
            last = _Known(restart.id, restart.seal)


def _walk(connection: Connection, key: bytes, last: _Known, head: Row[*tuple[Any, ...]]) -> _Known:
    """The last row. Raises _FaultError at the first that does not follow the one before it."""
    for row in _rows(connection, last.id):
        fault = _fault_of(connection, key, last, row, head.last_id)
        if fault is not None:
            raise _FaultError(fault, last.id)
        last = _Known(row.id, row.seal)
    if last.id < head.last_id:
        raise _FaultError(_missing(last.id + 1, head.last_id), last.id)
    if is_new(head):
        return last
    if head.seal != last.seal or head.closing != closing_of(key, last.id, last.seal):
        told = f"What is kept of the end of the log, row {last.id}, was changed."
        raise _FaultError(told, last.id)
    return last


def _fault_of(
    connection: Connection, key: bytes, last: _Known, row: Row[*tuple[Any, ...]], end: int
) -> str | None:
    if row.id != last.id + 1:
        return _missing(last.id + 1, row.id - 1)
    if row.action == KEY_CHANGED and last.id and row.seal == _seal(key, last.seal, row):
        return f"Row {row.id} found another key at the end, where this one fits: it was changed."
    if row.id > end:
        return f"Row {row.id} is behind the end of the log, which is row {end}."
    return None if row.seal == _seal(key, last.seal, row) else _differs(connection, row)


def _rows(connection: Connection, after: int) -> Iterator[Row[*tuple[Any, ...]]]:
    query = ROW.order_by(AuditTable.id).limit(ROWS)
    while rows := connection.execute(query.where(AuditTable.id > after)).all():
        yield from rows
        after = rows[-1].id


def _seal(key: bytes, previous: str, row: Row[*tuple[Any, ...]]) -> str:
    number, at, *others, _ = row
    return seal_of(
        key, previous, [number, at if isinstance(at, str) else text_of_moment(at), *others]
    )


def _missing(first: int, last: int) -> str:
    return f"Row {first} is missing." if first == last else f"Rows {first} to {last} are missing."


def _differs(connection: Connection, row: Row[*tuple[Any, ...]]) -> str:
    same = select(AuditTable.id).where(AuditTable.seal == row.seal, AuditTable.id != row.id)
    changed = select(AuditTable.id).where(AuditTable.action == KEY_CHANGED, AuditTable.id > row.id)
    key_changed = connection.execute(changed.order_by(AuditTable.id).limit(1)).scalar()
    if key_changed is not None:
        return (
            f"Row {row.id} does not fit this key: row {key_changed} says that the key of the rows "
            "before it was not here. Put it back, or note why with `patchclamp audit restart`."
        )
    other = connection.execute(same.order_by(AuditTable.id).limit(1)).scalar()
    if other is not None:
        return f"Row {row.id} has the seal of row {other}: one is a copy of the other."
    return f"Row {row.id} does not fit its seal: it was changed, or stood in another place."


def _seal_at(connection: Connection, number: int) -> str:
    seal = connection.execute(select(AuditTable.seal).where(AuditTable.id == number)).scalar()
    if seal is None:
        raise _FaultError(_missing(number, number))
    return seal


def _check_known(connection: Connection, known: tuple[int, str]) -> None:
    number, beginning = known
    if not _seal_at(connection, number).startswith(beginning):
        raise _FaultError(f"Row {number} has another seal than it had when it was noted.")


def _next_restart(connection: Connection, key: bytes, after: int) -> Row[*tuple[Any, ...]] | None:
    """The next row that says, under this key, that the log goes on."""
    query = ROW.where(AuditTable.action == RESTARTED, AuditTable.id > after)
    for row in connection.execute(query.order_by(AuditTable.id)):
        if row.seal == _seal(key, _previous_seal(connection, row.id), row):
            return row
    return None


def _previous_seal(connection: Connection, number: int) -> str:
    """Of the last row before that number; empty where there is none."""
    query = select(AuditTable.seal).where(AuditTable.id < number).order_by(AuditTable.id.desc())
    return connection.execute(query.limit(1)).scalar() or ""


def _acknowledged(fault: _FaultError, restart: Row[*tuple[Any, ...]]) -> Unverified:
    because = json.loads(restart.after or "{}").get("because", "")
    return Unverified(
        first_id=fault.after + 1, last_id=restart.id - 1, fault=str(fault), because=because
    )


def _answer(fault: str | None, **told: Any) -> AuditVerification:  # noqa: ANN401 - its fields
    empty: dict[str, Any] = {
        "n_rows": 0,
        "newest": False,
        "last_id": None,
        "last_seal": None,
        "unverified": [],
    }
    return AuditVerification(**{**empty, **told}, fault=fault)


ROW: Final[Select[*tuple[Any, ...]]] = select(
    AuditTable.id,
    type_coerce(AuditTable.at, Text).label("at"),
    AuditTable.actor,
    AuditTable.token,
    AuditTable.action,
    AuditTable.model,
    AuditTable.subject,
    type_coerce(AuditTable.before, Text).label("before"),
    type_coerce(AuditTable.after, Text).label("after"),
    AuditTable.seal,
)
"""As it is stored: SQLite's moment as text, PostgreSQL's as such."""
