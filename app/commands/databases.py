"""`db`: bring the store up to date, copy it, put a copy back, look for damage."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.printable import escaped_lines


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Upgrade, back up, restore and check the store.")
    for command in (upgrade, backup, restore, check):
        group.command()(command)
    app.add_typer(group, name="db", rich_help_panel="Look and steer")


def upgrade() -> None:
    """Bring the store to this version's tables; a SQLite file is copied to `backups` first.

    `serve`, `up`, `demo` and `worker` do this by themselves.
    """
    from app.settings import get_settings
    from app.store.engine import open_engine
    from app.store.migrating import upgrade as upgrade_store

    revision = upgrade_store(open_engine(get_settings()))
    if revision is None:
        typer.echo("The store is up to date.")
    else:
        typer.echo(f"The store is now at revision {revision}.")


def backup(
    target: Annotated[
        Path | None, typer.Argument(help="File to write; default: in `backups` in the data folder.")
    ] = None,
) -> None:
    """Copy the store, also while it is in use. Pools and corpora are not part of the copy.

    Examples:

      patchclamp db backup

      patchclamp db backup /media/stick/patchclamp.sqlite
    """
    from app.settings import get_settings
    from app.store.audit.noting import note_alone
    from app.store.backup import backup as copy
    from app.store.engine import open_engine
    from app.store.migrating import require_current

    settings = get_settings()
    engine = open_engine(settings)
    require_current(engine)
    if target is None:
        ending = "sqlite" if engine.dialect.name == "sqlite" else "dump"
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        target = settings.data / "backups" / f"store-{moment}.{ending}"
    note_alone(engine, action="export.database", subject="database", after={"to": target.name})
    typer.echo(f"Wrote {copy(engine, target)}")


def restore(
    copy: Annotated[Path, typer.Argument(help="File that `db backup` wrote.")],
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Where a store is there: copy it to `backups`, go on."),
    ] = False,
    unverified: Annotated[
        bool,
        typer.Option("--unverified", help="Also where the audit log does not fit its key."),
    ] = False,
    keep_tokens: Annotated[
        bool, typer.Option("--keep-tokens", help="Let in the tokens of the copy, revoked or not.")
    ] = False,
) -> None:
    """Put a copy in the store's place, checked first. It ends all logins, links and tokens.

    It is one transaction, also while the store is in use; yet what people did since the copy was
    made is in the `backups` folder then, so tell them, or stop the servers first.

    Examples:

      patchclamp db restore /media/stick/patchclamp.sqlite

      patchclamp db restore data/backups/store-20261123T101500.sqlite --replace

      PATCHCLAMP_DATABASE_URL=postgresql://lab@db/lab patchclamp db restore copy.sqlite
    """
    from app.settings import get_settings
    from app.store.restoring import restore as restore_copy

    done = restore_copy(
        get_settings(), copy, replace=replace, unverified=unverified, keep_tokens=keep_tokens
    )
    if done.kept is not None:
        typer.echo(f"What was there is now {done.kept}")
    if done.upgraded_to is not None:
        typer.echo(f"The copy was of an older version, and is now at revision {done.upgraded_to}.")
    if done.log.fault is not None:
        typer.echo(f"Its audit log does not verify: {done.log.fault}", err=True)
    else:
        typer.echo(f"Its audit log verifies: {done.log.n_rows:,} rows.")
    became = "let in as they did then" if keep_tokens else "were revoked"
    typer.echo(
        f"Restored {copy}; {done.n_logins} logins were ended, {done.n_tokens} tokens {became}."
    )


def check(
    deep: Annotated[
        bool, typer.Option("--deep", help="Also compare the checksum of every pool file.")
    ] = False,
) -> None:
    """Look for damage in the store and its files, changing nothing. Exit code 1 if there is any."""
    from app.settings import get_settings
    from app.store.checking import check as check_store
    from app.store.engine import open_engine

    settings = get_settings()
    findings = check_store(open_engine(settings), data=settings.data, deep=deep)
    for finding in findings:
        told = f"{finding.kind}: {escaped_lines(finding.message)}\n  {escaped_lines(finding.hint)}"
        typer.echo(told, err=True)
    if findings:
        raise typer.Exit(1)
    typer.echo("Nothing is wrong.")
