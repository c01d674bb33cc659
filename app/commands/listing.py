"""`models list` and `corpora list`: what was added. Adding needs torch: `analysis.worker.cli`."""

import typer

from app.commands.opening import console
from app.printable import escaped
from app.store.opening import opened_store


def register(app: typer.Typer) -> None:
    models = typer.Typer(no_args_is_help=True, help="Add and list subject models.")
    models.command("list")(list_models)
    app.add_typer(models, name="models", rich_help_panel="Work")
    corpora = typer.Typer(no_args_is_help=True, help="Add and list corpora.")
    corpora.command("list")(list_corpora)
    app.add_typer(corpora, name="corpora", rich_help_panel="Work")


def list_models() -> None:
    """List the models, with how many of their units have numbers."""
    from rich.table import Table

    from app.store.engine import open_session
    from app.store.queries import model

    with opened_store() as (_, engine), open_session(engine) as session:
        models = model.list_models(session)
    if not models:
        console().print("No models. Add one with `patchclamp models add SOURCE`.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("architecture")
    table.add_column("layers", justify="right")
    table.add_column("units", justify="right")
    table.add_column("with numbers", justify="right")
    table.add_column("source")
    for found in models:
        table.add_row(
            found.name,
            found.architecture,
            str(found.n_layers),
            f"{found.n_units:,}",
            f"{found.unit_count:,}",
            escaped(found.source),
        )
    console().print(table)


def list_corpora() -> None:
    """List the corpora, with their documents per split."""
    from rich.table import Table

    from app.store.engine import open_session
    from app.store.queries import corpus

    with opened_store() as (_, engine), open_session(engine) as session:
        corpora = corpus.list_corpora(session)
    if not corpora:
        console().print("No corpora. Add one with `patchclamp corpora add starter`.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("name", no_wrap=True)
    table.add_column("documents", justify="right")
    table.add_column("characters", justify="right")
    table.add_column("splits")
    table.add_column("source")
    for found in corpora:
        splits = ", ".join(f"{split} {n:,}" for split, n in found.splits.items())
        table.add_row(
            found.name,
            f"{found.n_documents:,}",
            f"{found.n_characters:,}",
            splits,
            escaped(found.source),
        )
    console().print(table)
