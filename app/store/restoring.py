"""Puts a copy of the store into the store's place, as `backup` wrote it.

    restore(settings, Path("store-20261123T101500.sqlite"), replace=True)

Nothing is lost: what was there is copied while nobody can write to it, and then replaced. Nothing
is half done: SQLite's pages and PostgreSQL's tables are replaced in one transaction, so that
whoever reads or writes meanwhile finds the one store or the other. What a copy brings back is a
past: logins, links and tokens that were ended since would let in again, so that all are ended, and
accounts that are disabled stay so.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.errors import ConflictError, UnavailableError
from app.settings import Settings
from app.store.audit.noting import note
from app.store.audit.verifying import verify
from app.store.engine import open_engine, open_session
from app.store.migrating import current_revision, upgrade
from app.store.replacing import replace_postgresql, replace_sqlite
from app.store.tables import AccountTable, LinkTable, LoginTable, TokenTable
from app.store.views.audit import AuditVerification


@dataclass(frozen=True)
class Prepared:
    """What was made of a copy."""

    upgraded_to: str | None
    """The revision, where the copy was of an older version."""
    log: AuditVerification
    n_logins: int
    """That were ended."""
    n_tokens: int
    """That were revoked; that let in, where they were kept."""


@dataclass(frozen=True)
class Restored(Prepared):
    kept: Path | None
    """Where what was there is now."""


def restore(
    settings: Settings,
    copy: Path,
    *,
    replace: bool = False,
    unverified: bool = False,
    keep_tokens: bool = False,
) -> Restored:
    """What was done. `replace`: a store may be there already; `unverified`: the copy's audit log
    need not fit its key; `keep_tokens`: those of the copy let in.

    Raises UnavailableError where the copy is damaged, of a newer version, or cannot be read, and
    ConflictError where a store is there or the log does not verify: then all is as it was.
    """
    if not copy.is_file():
        raise UnavailableError(f"There is no file {copy}.", hint="Give the name of a backup.")
    engine = open_engine(settings)
    keep = _place_for(engine, settings.data / "backups", replace=replace)
    disabled = set() if keep is None else _disabled(engine)
    told: list[Prepared] = []

    def prepare(restored: Engine) -> None:
        told[:] = [_prepare(restored, copy.name, disabled, unverified, keep_tokens)]

    try:
        if engine.dialect.name == "sqlite":
            kept = replace_sqlite(settings, copy, prepare, keep=keep)
        else:
            kept = replace_postgresql(settings, engine, copy, prepare, keep=keep)
    finally:
        engine.dispose()
    return Restored(**vars(told[0]), kept=kept)


def _place_for(engine: Engine, folder: Path, *, replace: bool) -> Path | None:
    """Where what is there is to be copied to; None: nothing is there."""
    try:
        there = current_revision(engine) is not None
    except UnavailableError:
        there = True  # and damaged
    if not there:
        return None
    if not replace:
        raise ConflictError(
            "There is a store already.",
            hint="`--replace` copies it to the `backups` folder first, and puts the copy in its "
            "place.",
        )
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    ending = "sqlite" if engine.dialect.name == "sqlite" else "dump"
    return folder / f"store-before-restore-{moment}.{ending}"


def _disabled(engine: Engine) -> set[str]:
    """Names of accounts; none where the store is too old or too damaged to tell."""
    try:
        with open_session(engine) as session:
            query = select(AccountTable.name).where(AccountTable.disabled_at.is_not(None))
            return set(session.scalars(query))
    except (UnavailableError, SQLAlchemyError):
        return set()


def _prepare(
    restored: Engine, name: str, disabled: Collection[str], unverified: bool, keep_tokens: bool
) -> Prepared:
    """Of the copy, before anybody uses it."""
    if current_revision(restored) is None:
        raise UnavailableError(
            f"{name} is no copy of a store of Patchclamp.",
            hint="Give a file that `patchclamp db backup` wrote.",
        )
    upgraded_to = upgrade(restored)
    log = verify(restored)
    if log.fault is not None and not unverified:
        raise ConflictError(
            f"The audit log of {name} does not verify: {log.fault}",
            hint="If the copy is from another folder, put that folder's audit.key (or "
            "PATCHCLAMP_AUDIT_KEY) in place first. `--unverified` restores it as it is.",
        )
    with open_session(restored, commit=True) as session:
        n_logins, n_tokens = _shut(session, disabled, keep_tokens=keep_tokens)
        note(
            session, action="database.restored", subject="database",
            after={"from": name, "verified": log.fault is None, "logins_ended": n_logins,
                   "tokens_kept" if keep_tokens else "tokens_revoked": n_tokens,
                   "disabled": sorted(disabled)},
        )  # fmt: skip
    return Prepared(upgraded_to, log, n_logins, n_tokens)


def _shut(session: Session, disabled: Collection[str], *, keep_tokens: bool) -> tuple[int, int]:
    """How many logins were ended, and how many tokens revoked, or kept."""
    now = datetime.now(UTC)
    logins = session.execute(
        update(LoginTable)
        .where(LoginTable.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(LoginTable.id)
    ).all()
    session.execute(
        update(LinkTable)
        .where(LinkTable.revoked_at.is_(None), LinkTable.used_at.is_(None))
        .values(revoked_at=now)
    )
    session.execute(
        update(AccountTable)
        .where(AccountTable.name.in_(disabled), AccountTable.disabled_at.is_(None))
        .values(disabled_at=now)
    )
    open_tokens = TokenTable.revoked_at.is_(None)
    if keep_tokens:
        n = session.scalar(select(func.count()).select_from(TokenTable).where(open_tokens))
        return len(logins), n or 0
    revoked = session.execute(
        update(TokenTable).where(open_tokens).values(revoked_at=now).returning(TokenTable.id)
    ).all()
    return len(logins), len(revoked)
