"""`admin create`, `accounts …`, `login-link`: who may come in, from the machine itself.

Whoever may write to the store may do all of this; the pages of people do the same for others.
"""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.doors import owners_link
from app.commands.opening import ACTOR, console
from app.errors import BadRequestError
from app.printable import escaped
from app.store.opening import opened_store

if TYPE_CHECKING:
    from app.settings import Settings

Name = Annotated[str, typer.Argument(help="Name of the account.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", help="Address that people use; default: http://localhost:PATCHCLAMP_PORT."
    ),
]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input, one line."),
]


def register(app: typer.Typer) -> None:
    admin = typer.Typer(no_args_is_help=True, help="Make the first account of a team.")
    admin.command("create")(create)
    app.add_typer(admin, name="admin", rich_help_panel="Team")
    accounts = typer.Typer(no_args_is_help=True, help="List, invite, let in and keep out people.")
    accounts.command("list")(list_)
    for command in (invite, role, reset, disable, enable):
        accounts.command()(command)
    app.add_typer(accounts, name="accounts", rich_help_panel="Team")
    app.command("login-link", rich_help_panel="Team")(login_link)


def create(
    name: Name,
    full_name: Annotated[str, typer.Option(help="As others read it.")] = "",
    password_stdin: FromStdin = False,
) -> None:
    """Make an administrator; from the first account on, everybody has to sign in.

    Examples:

      patchclamp admin create ada

      pass show patchclamp | patchclamp admin create ada --password-stdin
    """
    from app.auth.passwords import hashed
    from app.store.accounts.people import create_account
    from app.store.engine import open_session

    password = hashed(_password(password_stdin))
    with opened_store() as (_, engine), open_session(engine, commit=True) as session:
        create_account(
            session, name=name, full_name=full_name, password=password, is_administrator=True
        )
    typer.echo(f"{escaped(name)} may do everything. From now on everybody has to sign in.")


def list_() -> None:
    """List accounts, with what they may do."""
    from rich.table import Table

    from app.store.accounts.people import list_accounts
    from app.store.engine import open_session

    with opened_store() as (_, engine), open_session(engine) as session:
        found = list_accounts(session)
    if not found:
        console().print("Nobody has an account. `patchclamp admin create NAME` makes the first.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "full name", "may"):
        table.add_column(column)
    for account in found:
        roles = [f"{each.role} of {each.model or 'every model'}" for each in account.memberships]
        may = ["everything"] if account.is_administrator else roles or ["nothing yet"]
        if account.disabled_at is not None:
            may = ["disabled"]
        table.add_row(escaped(account.name), escaped(account.full_name), ", ".join(may))
    console().print(table)


def invite(
    role: Annotated[str, typer.Option(help="owner, admin, reviewer, annotator or viewer.")],
    model: Annotated[
        str | None, typer.Option(help="With which model; default: with every model.")
    ] = None,
    note: Annotated[str, typer.Option(help="Whom it is for.")] = "",
    days: Annotated[float, typer.Option(min=0.01, max=365, help="So long it can be used.")] = 7,
    url: Url = None,
) -> None:
    """Print a link by which somebody makes an account, once.

    Example:

      patchclamp accounts invite --role annotator --note Grace
    """
    from app.store.accounts.links import create_invite
    from app.store.engine import open_session

    with opened_store() as (settings, engine), open_session(engine, commit=True) as session:
        secret = create_invite(
            session,
            role=role,
            model=model,
            note=note,
            lasts=timedelta(days=days),
            actor=ACTOR,
        )
    typer.echo(f"{_url(settings, url)}/login/{secret}")


def role(
    name: Name,
    role: Annotated[str, typer.Argument(help="owner, admin, reviewer, annotator, viewer or none.")],
    model: Annotated[
        str | None, typer.Option(help="With which model; default: with every model.")
    ] = None,
) -> None:
    """Say what somebody may do with a model, or with all."""
    from app.store.accounts.members import role_called, set_role
    from app.store.engine import open_session

    with opened_store() as (_, engine), open_session(engine, commit=True) as session:
        set_role(session, name=name, model=model, role=role_called(role))
    typer.echo(f"{escaped(name)}: {role} of {model or 'every model'}.")


def reset(name: Name, url: Url = None) -> None:
    """Print a link by which somebody sets a new password, once, within a day."""
    from app.store.accounts.links import create_link
    from app.store.accounts.people import get_account
    from app.store.engine import open_session

    with opened_store() as (settings, engine), open_session(engine, commit=True) as session:
        account = get_account(session, name=name)
        secret = create_link(
            session, kind="reset", lasts=timedelta(days=1), actor=ACTOR, account_id=account.id
        )
    typer.echo(f"{_url(settings, url)}/login/{secret}")


def disable(name: Name) -> None:
    """Keep somebody out, at once; what they wrote stays."""
    from app.store.accounts.people import disable as disable_account
    from app.store.engine import open_session

    with opened_store() as (_, engine), open_session(engine, commit=True) as session:
        disable_account(session, name=name)
    typer.echo(f"{escaped(name)} cannot come in any more.")


def enable(name: Name) -> None:
    """Let somebody in again."""
    from app.store.accounts.people import enable as enable_account
    from app.store.engine import open_session

    with opened_store() as (_, engine), open_session(engine, commit=True) as session:
        enable_account(session, name=name)
    typer.echo(f"{escaped(name)} may come in again.")


def login_link(url: Url = None) -> None:
    """Print a link by which you, on this machine, come in as its owner, once."""
    with opened_store() as (settings, engine):
        typer.echo(owners_link(engine, _url(settings, url)))


def _url(settings: "Settings", given: str | None) -> str:
    if given is None and settings.port == 0:
        raise BadRequestError(
            "PATCHCLAMP_PORT is 0, which does not say which port the server listens on.",
            hint="Name its address: --url http://localhost:PORT.",
        )
    return (given or f"http://localhost:{settings.port}").rstrip("/")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise BadRequestError(
            "There is no terminal to ask for a password on.",
            hint="Pipe it in, with --password-stdin.",
        )
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
