"""Puts a copy of the store into the store's place, as `backup` wrote it.

    restore(settings, Path("store-20261123T101500.sqlite"), replace=True)

Nothing is lost: what was there is copied first. Nothing is half done: SQLite's pages and
PostgreSQL's tables are replaced in one transaction, so that whoever reads or writes meanwhile finds
the one store or the other. What a copy brings back is a past: logins and links that were ended
since would let in again, so that all are ended.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, func, select, update

from app.errors import ConflictError, UnavailableError
from app.settings import Settings
from app.store.audit.noting import note
from app.store.audit.verifying import verify
from app.store.backup import backup
from app.store.engine import open_engine, open_session
from app.store.migrating import current_revision, upgrade
from app.store.replacing import replace_postgresql, replace_sqlite, set_aside
from app.store.tables import LinkTable, LoginTable, TokenTable
from app.store.views.audit import AuditVerification


@dataclass(frozen=True)
class Restored:
    kept: Path | None
    """Where what was there is now."""
    upgraded_to: str | None
    """The revision, where the copy was of an older version."""
    log: AuditVerification
    n_logins: int
    """That were ended."""
    n_tokens: int
    """That let in, some of which may have been revoked since the copy was made."""


def restore(
    settings: Settings, copy: Path, *, replace: bool = False, unverified: bool = False
) -> Restored:
    """What was done. `replace`: a store may be there already; `unverified`: the copy's audit log
    need not fit its key.

    Raises UnavailableError where the copy is damaged, of a newer version, or cannot be read, and
    ConflictError where a store is there or the log does not verify: then all is as it was.
    """
    if not copy.is_file():
        raise UnavailableError(f"There is no file {copy}.", hint="Give the name of a backup.")
    engine = open_engine(settings)
    kept = _keep(engine, settings.data / "backups", replace=replace)
    told: list[Restored] = []

    def prepare(restored: Engine) -> None:
        told.append(_prepare(restored, copy.name, kept, unverified=unverified))

    try:
        if engine.dialect.name == "sqlite":
            replace_sqlite(settings, copy, prepare)
        else:
            replace_postgresql(settings, engine, copy, prepare, before=kept)
    finally:
        engine.dispose()
    return told[0]


def _keep(engine: Engine, folder: Path, *, replace: bool) -> Path | None:
    """A copy of what is there; of a damaged file, the file itself."""
    try:
        there = current_revision(engine) is not None
    except UnavailableError:
        there = True
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
    target = folder / f"store-before-restore-{moment}.{ending}"
    try:
        return backup(engine, target)
    except UnavailableError:
        if engine.dialect.name != "sqlite":
            raise
        return set_aside(engine, target.with_name(f"store-damaged-{moment}.sqlite"))


def _prepare(restored: Engine, name: str, kept: Path | None, *, unverified: bool) -> Restored:
    """Of the copy, before anybody sees it."""
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
    now = datetime.now(UTC)
    with open_session(restored, commit=True) as session:
        ended = session.execute(
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
        n_tokens = session.scalar(
            select(func.count()).select_from(TokenTable).where(TokenTable.revoked_at.is_(None))
        )
        note(
            session, action="database.restored", subject="database",
            after={"from": name, "logins_ended": len(ended), "verified": log.fault is None},
        )  # fmt: skip
    return Restored(kept, upgraded_to, log, len(ended), n_tokens or 0)
