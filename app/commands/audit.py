"""`audit`: who did what, when; whether the log is as it was written; a copy of it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.formatting import counted
from app.commands.new_file import write_new
from app.commands.opening import console
from app.printable import escaped
from app.store.opening import opened_store

if TYPE_CHECKING:
    from app.store.views.audit import AuditVerification

Actor = Annotated[str | None, typer.Option(help="Only by them.")]
Action = Annotated[
    str | None, typer.Option(help="Only this, or what begins so: explanation, export.")
]
Model = Annotated[str | None, typer.Option(help="Only of this model.")]
Since = Annotated[datetime | None, typer.Option(help="From then on, in UTC.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Read, verify and copy the audit log.")
    group.command("list")(list_)
    group.command("verify")(verify)
    group.command("export")(export_)
    group.command("restart")(restart)
    app.add_typer(group, name="audit", rich_help_panel="Look and steer")


def list_(
    actor: Actor = None,
    action: Action = None,
    model: Model = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
) -> None:
    """List what was written and exported, newest first.

    Examples:

      patchclamp audit list --actor ada --limit 20

      patchclamp audit list --action export --since 2026-11-23
    """
    from rich.table import Table

    from app.store.engine import open_session
    from app.store.queries.audit import Wanted, list_audit

    wanted = Wanted(actor=actor, action=action, model=model, since=since)
    with opened_store() as (_, engine), open_session(engine) as session:
        page = list_audit(session, wanted=wanted, limit=limit)
    if not page.items:
        console().print("No row of the audit log is so.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("row", justify="right")
    for heading in ("when", "who", "token", "action", "subject", "model"):
        table.add_column(heading)
    for line in page.items:
        table.add_row(
            str(line.id),
            f"{line.at:%Y-%m-%d %H:%M:%S}",
            *(
                escaped(text or "")
                for text in (line.actor, line.token, line.action, line.subject, line.model)
            ),
        )
    console().print(table)
    if page.next_cursor:
        console().print("Older ones are left out; see more with --limit 200, or export all.")


def verify(
    known: Annotated[
        str | None,
        typer.Option(
            metavar="ROW:SEAL", help="The last row and its seal, as an earlier verification told."
        ),
    ] = None,
) -> None:
    """Read the whole audit log and compare every seal. Exit code 1 where a row was changed, is
    missing, or is not the one that stood there.

    Examples:

      patchclamp audit verify

      patchclamp audit verify --known 1234:98fa6d02725e77fb
    """
    from app.store.audit.verifying import verify as verify_log

    noted = None if known is None else _noted(known)
    with opened_store() as (_, engine):
        found = verify_log(engine, known=noted)
    _tell(found)
    if found.fault is not None:
        typer.echo(escaped(found.fault), err=True)
        raise typer.Exit(1)


def export_(
    actor: Actor = None,
    action: Action = None,
    model: Model = None,
    since: Since = None,
    to: Annotated[
        Path | None, typer.Option(help="File to write, .jsonl; default: standard output.")
    ] = None,
) -> None:
    """Write the audit log as JSON lines, oldest first, with every row's seal.

    Examples:

      patchclamp audit export --to audit.jsonl

      patchclamp audit export --action login --since 2026-11-01 > logins.jsonl
    """
    from app.sealed import refuse_export
    from app.store.audit.noting import note_alone
    from app.store.engine import open_session
    from app.store.queries.audit import Wanted, read_audit

    wanted = Wanted(actor=actor, action=action, model=model, since=since)
    with opened_store() as (settings, engine):
        refuse_export(settings)
        note_alone(
            engine, action="export.audit", subject="audit log",
            after={"to": None if to is None else to.name},
        )  # fmt: skip
        with open_session(engine) as session:
            lines = (line.to_json() + b"\n" for line in read_audit(session, wanted=wanted))
            if to is None:
                typer.get_binary_stream("stdout").writelines(lines)
                return
            n_bytes = write_new(to, lines)
    typer.echo(f"{n_bytes:,} bytes: {escaped(str(to))}")


def restart(
    because: Annotated[str, typer.Option(help="What happened; it is kept in the log.")],
) -> None:
    """Go on with an audit log whose key is lost, or that somebody damaged.

    Nothing in it is changed. A row says that it goes on, why, and where it ended; what does not fit
    before that row is told by every verification.

    Example:

      patchclamp audit restart --because "The backup of 3 May was restored without its key."
    """
    from app.store.audit.restarting import restart as restart_log
    from app.store.engine import open_session

    with opened_store() as (_, engine), open_session(engine, commit=True) as session:
        number = restart_log(session, because=because)
    typer.echo(f"The audit log goes on with row {number}.")


def _noted(known: str) -> tuple[int, str]:
    number, _, seal = known.partition(":")
    if not number.isdecimal() or len(seal) < 8:
        raise typer.BadParameter("write it as ROW:SEAL, such as 1234:98fa6d02725e77fb")
    return int(number), seal


def _tell(found: "AuditVerification") -> None:
    for part in found.unverified:
        rows = f"Rows {part.first_id:,} to {part.last_id:,} do not fit this key"
        typer.echo(escaped(f"{rows}: {part.fault} Gone on from: {part.because}"))
    if found.fault is not None:
        return
    if found.last_id is None:
        typer.echo("The audit log has no rows.")
        return
    typer.echo(
        f"{counted(found.n_rows, 'row')} of the audit log: nothing was changed or is missing."
    )
    typer.echo(f"The last: {found.last_id}:{(found.last_seal or '')[:16]}")
