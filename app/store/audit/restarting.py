"""Goes on with an audit log whose key is lost, or that somebody damaged: a row says so, and why."""

from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.audit.noting import acting, made_note
from app.store.audit.sealing import HEAD, HEAD_ID, go_on, keys_of
from app.store.audit.verifying import RESTARTED
from app.store.tables.audit import AuditHeadTable


def restart(session: Session, *, because: str) -> int:
    """The id of the row that says so, sealed with the key of now. Nothing before it is touched:
    `verify` goes on telling what does not fit there. Raises BadRequestError without a reason."""
    because = " ".join(because.split())
    if not because:
        raise BadRequestError("A reason is missing.", hint="Say what happened, with --because.")
    connection = session.connection()
    key = keys_of(connection).key()
    head = connection.execute(HEAD.with_for_update()).one_or_none()
    if head is None:
        session.add(AuditHeadTable(id=HEAD_ID, last_id=0, seal="", closing="", key=""))
        session.flush()
    one = made_note(
        acting(session),
        action=RESTARTED,
        subject="audit log",
        before=None if head is None else dict(head._mapping),
        after={"because": because},
    )
    return go_on(connection, key, head, [one])
