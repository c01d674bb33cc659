"""`tasks list` and `tasks export`: what circuits are found on. Importing needs a tokenizer:
`analysis.worker.tasks`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands.formatting import counted
from app.commands.new_file import write_new
from app.commands.opening import console
from app.printable import escaped
from app.store.opening import opened_store

Model = Annotated[str, typer.Argument(help="Name of the model.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, help="Import, export and list what circuits are found on."
    )
    group.command("list")(list_)
    group.command("export")(export_)
    app.add_typer(group, name="tasks", rich_help_panel="Work")


def list_(
    model: Model,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
) -> None:
    """List a model's tasks, newest first, with whether it can do them where that was measured.

    Example:

      patchclamp tasks list smollm2-135m-instruct
    """
    from rich.table import Table

    from app.store.engine import open_session
    from app.store.queries.task import list_tasks

    with opened_store() as (_, engine), open_session(engine) as session:
        page = list_tasks(session, model=model, limit=limit)
    if not page.items:
        console().print(
            "No tasks. Those of a known kind are made by `patchclamp circuit MODEL KIND`; your own "
            "come with `patchclamp tasks import FILE --model MODEL`."
        )
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("slug", no_wrap=True)
    table.add_column("name")
    table.add_column("metric", no_wrap=True)
    table.add_column("pairs", justify="right")
    table.add_column("from")
    table.add_column("the model")
    for found in page.items:
        table.add_row(
            found.slug,
            escaped(found.name),
            found.metric,
            f"{found.n_pairs:,}",
            escaped(found.source),
            escaped(str((found.competence or {}).get("verdict", "not measured"))),
        )
    console().print(table)
    if page.next_cursor:
        console().print("Older ones are left out; see more with --limit 200.")


def export_(
    model: Model,
    task: Annotated[str, typer.Argument(help="Slug of the task, as `tasks list` has it.")],
    to: Annotated[
        Path | None, typer.Option(help="File to write, .jsonl; default: standard output.")
    ] = None,
) -> None:
    """Write a task as JSON lines of text, which `tasks import` reads again for any model.

    Examples:

      patchclamp tasks export gpt2 pronouns-48 > pronouns.jsonl

      patchclamp tasks export gpt2 pronouns-48 --to pronouns.jsonl
    """
    from analysis.tasks.exporting import export_task
    from analysis.tasks.task import Task
    from app.sealed import refuse_export
    from app.store.audit.noting import note_alone
    from app.store.engine import open_session
    from app.store.queries.task import get_task

    with opened_store() as (settings, engine), open_session(engine) as session:
        refuse_export(settings)
        found = Task.model_validate_json(get_task(session, model=model, slug=task).task)
        note_alone(
            engine, action="export.task", model=model, subject=f"task {task}",
            after={"to": None if to is None else to.name},
        )  # fmt: skip
    lines = export_task(found)
    if to is None:
        sys.stdout.buffer.write(lines)
        return
    write_new(to, [lines])
    typer.echo(f"{counted(len(found.pairs), 'pair')}: {escaped(str(to))}")
