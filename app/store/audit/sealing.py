"""Rows are appended to the audit log, each sealed over itself and the seal before it.

A seal is HMAC-SHA-256 under a key that is not in the database. So no row can be changed, taken out,
put in or moved without the key; the head's own seal (`closing`) holds where the log ends, or rows
could be cut off its end and the head set back. What stays possible with the database alone is to
put all of it back to an older state: note the last seal elsewhere (`audit verify` prints it).

On PostgreSQL the head's row is locked, last of all locks of its transaction: writers wait for each
other only from here to their commit, and then for the disk together. SQLite's write lock is taken
already.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.errors import UnavailableError
from app.store.audit.keys import OPTION, Keys, fingerprint
from app.store.tables.audit import AuditHeadTable, AuditTable

HEAD_ID: Final = 1
KEY_CHANGED: Final = "audit.key_changed"


@dataclass(frozen=True)
class Note:
    """What a row says, but its number, its moment and its seal."""

    actor: str
    token: str | None
    action: str
    model: str | None
    subject: str
    before: Any
    after: Any


def append(connection: Connection, notes: Sequence[Note]) -> None:
    """The last thing before a commit. Raises UnavailableError where the key is another one, or the
    end of the log was changed: then nothing is written."""
    keys = keys_of(connection)
    key = keys.key()
    head = connection.execute(HEAD.with_for_update()).one_or_none()
    if head is None:
        raise _refusal("has lost its end")
    try:
        if _is_left_behind(connection, keys, head):
            go_on(connection, key, head, [_key_changed(head), *notes])
        else:
            _check(head, key)
            add(connection, key, notes, last_id=head.last_id, seal=head.seal)
    except IntegrityError as error:
        raise _refusal("goes on behind its end: somebody changed it") from error


def put_off_flushing(connection: Connection) -> None:
    """PostgreSQL then gives the head's lock back without waiting for the disk, for which all who
    write would wait one after another. `flush` waits for it, together with others."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def flush(connection: Connection) -> None:
    """Once what was committed before is on the disk, as far as the server's settings ask for it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'patchclamp', '')")
        connection.commit()


def add(
    connection: Connection, key: bytes, notes: Sequence[Note], *, last_id: int, seal: str
) -> None:
    """After that row, whatever the head says; the head then says where they end."""
    now = datetime.now(UTC)
    rows = []
    for number, one in enumerate(notes, start=last_id + 1):
        before, after = text_of(one.before), text_of(one.after)
        said = (
            number, text_of_moment(now), one.actor, one.token, one.action, one.model, one.subject,
            before, after,
        )  # fmt: skip
        seal = seal_of(key, seal, said)
        rows.append({"id": number, "at": now, "seal": seal, **vars(one)})
    connection.execute(insert(AuditTable), rows)
    last = last_id + len(rows)
    connection.execute(
        update(AuditHeadTable)
        .where(AuditHeadTable.id == HEAD_ID)
        .values(
            last_id=last, seal=seal, closing=closing_of(key, last, seal), key=fingerprint(key)
        )
    )  # fmt: skip


def go_on(
    connection: Connection, key: bytes, head: Row[*tuple[Any, ...]] | None, notes: Sequence[Note]
) -> int:
    """The id of the first of them. They come behind all that is there, whatever the head says."""
    query = select(AuditTable.id, AuditTable.seal).order_by(AuditTable.id.desc()).limit(1)
    newest = connection.execute(query).one_or_none()
    last_id = max(0 if newest is None else newest.id, 0 if head is None else head.last_id)
    add(connection, key, notes, last_id=last_id, seal="" if newest is None else newest.seal)
    return last_id + 1


HEAD: Final = select(
    AuditHeadTable.last_id, AuditHeadTable.seal, AuditHeadTable.closing, AuditHeadTable.key
).where(AuditHeadTable.id == HEAD_ID)


def keys_of(connection: Connection) -> Keys:
    keys: Keys = connection.get_execution_options()[OPTION]
    return keys


def seal_of(key: bytes, previous: str, said: Sequence[object]) -> str:
    """Of a row: number, moment, actor, token, action, model, subject, before, after, as texts."""
    return _sealed(key, ["row", previous, *said])


def closing_of(key: bytes, last_id: int, seal: str) -> str:
    """Of the head."""
    return _sealed(key, ["end", last_id, seal])


def is_new(head: Row[*tuple[Any, ...]]) -> bool:
    """Whether nothing was ever appended, as the head says."""
    return (head.last_id, head.seal, head.closing, head.key) == (0, "", "", "")


def text_of(value: Any) -> str | None:  # noqa: ANN401 - JSON
    """As the column stores it."""
    return None if value is None else json.dumps(value, sort_keys=True, allow_nan=False)


def text_of_moment(at: datetime) -> str:
    """As SQLite stores it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _sealed(key: bytes, content: list[object]) -> str:
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _is_left_behind(connection: Connection, keys: Keys, head: Row[*tuple[Any, ...]]) -> bool:
    """Whether a SQLite file came here without its key: whoever takes a backup alone to another
    folder shall be able to work there. Verifying tells of it. On PostgreSQL it would be a second
    server that is not set up, and would shut out the first."""
    if is_new(head) or not keys.is_file or connection.dialect.name != "sqlite":
        return False
    return bool(head.key != fingerprint(keys.key()))


def _key_changed(head: Row[*tuple[Any, ...]]) -> Note:
    return Note("patchclamp", None, KEY_CHANGED, None, "audit log", dict(head._mapping), None)


def _check(head: Row[*tuple[Any, ...]], key: bytes) -> None:
    if is_new(head):
        return
    if head.key != fingerprint(key):
        raise _refusal("is sealed with another key than this process has", key=True)
    if not hmac.compare_digest(head.closing, closing_of(key, head.last_id, head.seal)):
        raise _refusal("does not end as it was left: somebody changed it")


def _refusal(why: str, *, key: bool = False) -> UnavailableError:
    return UnavailableError(
        f"The audit log {why}; nothing is written until that is settled.",
        hint="Give every server and command on this database the same PATCHCLAMP_AUDIT_KEY, or the "
        "same audit.key in its data folder. `patchclamp audit restart` goes on where it is lost."
        if key
        else "`patchclamp audit verify` says where; `patchclamp audit restart` goes on, with the "
        "reason noted.",
        public=f"The audit log {why}; nothing is written until an administrator settles that.",
    )
