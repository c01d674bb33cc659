"""`circuits`: write one down for others, bring in one made elsewhere."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.formatting import counted
from app.commands.new_file import write_new
from app.commands.opening import ACTOR, console
from app.printable import escaped
from app.store.opening import opened_store

if TYPE_CHECKING:
    from app.store.views.circuit import CircuitLine

FORMATS = "attribution-graph or eap-ig"


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Export and import circuits.")
    group.command("export")(export_)
    group.command("import")(import_)
    app.add_typer(group, name="circuits", rich_help_panel="Work")


def export_(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    slug: Annotated[str, typer.Argument(help="What the circuit is called in addresses.")],
    to: Annotated[
        Path | None,
        typer.Option(
            help="File to write, compressed where it ends in .gz; default: standard output."
        ),
    ] = None,
    form: Annotated[str, typer.Option("--format", help=f"One of {FORMATS}.")] = "attribution-graph",
) -> None:
    """Write a circuit into a file that other tools read.

    Examples:

      patchclamp circuits export smollm2-135m-instruct pronouns-48 --to graph.json

      patchclamp circuits export gpt2 pronouns-48 --format eap-ig > pronouns.json
    """
    from app.exchange.circuits.formats import Written, encode
    from app.sealed import refuse_export
    from app.store.audit.noting import note_alone
    from app.store.engine import open_session
    from app.store.queries.circuit import get_circuit
    from app.store.queries.model import get_model

    with opened_store() as (settings, engine), open_session(engine) as session:
        refuse_export(settings)
        view = get_circuit(session, model=model, slug=slug)
        parts = encode(Written(view, get_model(session, name=model)), form)
        note_alone(
            engine, action="export.circuit", model=model, subject=f"circuit {slug}",
            after={"format": form, "to": None if to is None else to.name},
        )  # fmt: skip
    if to is None:
        sys.stdout.buffer.writelines(parts)
        return
    n_bytes = write_new(to, parts, compressed=to.suffix == ".gz")
    typer.echo(f"{_counted(view)}, {n_bytes:,} bytes: {escaped(str(to))}")


def import_(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="An attribution graph (JSON, gzip).")
    ],
    model: Annotated[str, typer.Option(help="The model that the graph is of.")],
    slug: Annotated[
        str | None,
        typer.Option(help="What it is to be called in addresses; left out, as the file says."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Left out, its prompt.")] = None,
    their_name: Annotated[
        str | None, typer.Option(help="What the file calls the model, where it is another name.")
    ] = None,
) -> None:
    """Bring in an attribution graph that was made by circuit-tracer or downloaded from Neuronpedia.

    What could not be taken as it is (links to nodes that are missing, nodes of one id, more links
    than a graph holds) is told, and stays with the circuit.

    Examples:

      patchclamp circuits import capital-texas.json --model smollm2-135m-instruct

      patchclamp circuits import graph.json.gz --model gemma --their-name gemma-2-2b --slug austin
    """
    from app.exchange.circuits.importing import keep_read, read_circuit
    from app.exchange.input import InputFile
    from app.store.engine import open_session

    with opened_store() as (_, engine):
        with console(stderr=True).status(f"Reading {escaped(path.name)}"):
            found = read_circuit(
                engine, InputFile(path, path.name), model=model, their_name=their_name
            )
        with open_session(engine, commit=True) as session:
            view = keep_read(session, found, actor=ACTOR, slug=slug, title=title)
    typer.echo(f"Imported {escaped(view.slug)}: {_counted(view)}.")
    for warning in found.circuit.warnings:
        typer.echo(escaped(warning), err=True)


def _counted(view: "CircuitLine") -> str:
    return f"{counted(view.n_nodes, 'node')} and {counted(view.n_links, 'link')}"
