"""Goes on with an audit log whose key is lost, or that somebody damaged: a row says so, and why."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.audit.noting import acting, made_note
from app.store.audit.sealing import HEAD, HEAD_ID, add, keys_of
from app.store.audit.verifying import RESTARTED, previous_seal
from app.store.tables.audit import AuditHeadTable, AuditTable


def restart(session: Session, *, because: str) -> int:
    """The id of the row that says so, sealed with the key of now. Nothing before it is touched:
    `verify` goes on telling what does not fit there. Raises BadRequestError without a reason."""
    because = " ".join(because.split())
    if not because:
        raise BadRequestError("A reason is missing.", hint="Say what happened, with --because.")
    connection = session.connection()
    key = keys_of(connection).key()
    head = connection.execute(HEAD.with_for_update()).one_or_none()
    newest = connection.execute(select(func.max(AuditTable.id))).scalar() or 0
    last_id = newest if head is None else max(newest, head.last_id)
    if head is None:
        session.add(AuditHeadTable(id=HEAD_ID, last_id=last_id, seal="", closing="", key=""))
        session.flush()
    one = made_note(
        acting(session),
        action=RESTARTED,
        subject="audit log",
        before=None if head is None else dict(head._mapping),
        after={"because": because},
    )
    add(connection, key, [one], last_id=last_id, seal=previous_seal(connection, last_id + 1))
    return last_id + 1
