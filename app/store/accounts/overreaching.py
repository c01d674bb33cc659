"""What somebody let others in by holds no longer than they may let others in themselves."""

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.store.audit.noting import note
from app.store.tables import AccountTable, LinkTable, MembershipTable, ModelTable


def withdraw_overreaching(session: Session, *, account_id: int) -> None:
    """Withdraws the open links that this account made and could not make any more: of one that is
    disabled all, of an administrator none, of others those but invites to models that they own."""
    account = session.get_one(AccountTable, account_id)
    if account.disabled_at is None and account.is_administrator:
        return
    owned = set() if account.disabled_at is not None else _owned(session, account_id)
    links = session.scalars(
        select(LinkTable).where(
            LinkTable.actor == account.name,
            LinkTable.revoked_at.is_(None),
            LinkTable.used_at.is_(None),
        )
    )
    gone = [link for link in links if link.kind != "invite" or link.model_id not in owned]
    session.execute(
        update(LinkTable)
        .where(LinkTable.id.in_([link.id for link in gone]), LinkTable.used_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )
    for link in gone:
        model = None if link.model_id is None else session.get_one(ModelTable, link.model_id).name
        note(session, action="link.withdrawn", subject=f"{link.kind} link {link.id}", model=model)


def _owned(session: Session, account_id: int) -> set[int]:
    """Ids of the models that they own; to all models at once only administrators invite."""
    rows = session.execute(
        select(MembershipTable.model_id, MembershipTable.role).filter_by(account_id=account_id)
    )
    roles = {row.model_id: row.role for row in rows}
    everywhere = roles.pop(None, None)
    owned = {model_id for model_id, role in roles.items() if role == "owner"}
    if everywhere == "owner":
        owned |= set(session.scalars(select(ModelTable.id))) - roles.keys()
    return owned
