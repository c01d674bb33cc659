"""`pools`: the largest files that sweeps leave, and removing those of old runs."""

from typing import Annotated

import typer

from app.commands.formatting import size
from app.commands.opening import console
from app.store.opening import opened_store


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="List and remove evaluation pools.")
    group.command("list")(list_)
    group.command("prune")(prune)
    app.add_typer(group, name="pools", rich_help_panel="Look and steer")


def list_() -> None:
    """List the pools of every run and the space they take."""
    from rich.table import Table

    from app.store.engine import open_session
    from app.store.pools import list_pools

    with opened_store() as (_, engine), open_session(engine) as session:
        pools = list_pools(session)
    if not pools:
        console().print("No pools. Sweeps leave them.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "model", "status", "shown", "files", "size"):
        table.add_column(
            heading, justify="right" if heading in ("run", "files", "size") else "left"
        )
    for pool in pools:
        shown = "yes" if pool.current else "no"
        table.add_row(
            str(pool.run_id),
            pool.model,
            pool.status,
            shown,
            f"{pool.n_files:,}",
            size(pool.n_bytes),
        )
    console().print(table)


def prune(
    run: Annotated[
        list[int] | None,
        typer.Option(help="Remove this run's pools, shown or not; may be repeated."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove pools of runs that are no longer shown; statistics and exemplars stay.

    Examples:

      patchclamp pools prune

      patchclamp pools prune --run 3 --yes
    """
    from app.store.engine import open_session
    from app.store.pools import choose_old, list_pools, remove_pools

    with opened_store() as (settings, engine):
        with open_session(engine) as session:
            chosen = choose_old(list_pools(session), run or ())
        if not chosen:
            typer.echo("There is nothing to remove.")
            return
        for pool in chosen:
            typer.echo(f"run {pool.run_id} of {pool.model}: {size(pool.n_bytes)}")
        if not yes and not typer.confirm("Remove these pools?"):
            typer.echo("Nothing was removed.")
            return
        freed = sum(remove_pools(engine, data=settings.data, run_id=pool.run_id) for pool in chosen)
    typer.echo(f"Freed {size(freed)}.")
