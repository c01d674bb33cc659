"""`patchclamp tasks import`: pairs of prompts of a file, read by the tokenizer of one model."""

from pathlib import Path
from typing import Annotated

import typer

from app.store.opening import opened_store

METRICS = ("logit_difference", "log_probability", "kl", "own_tokens")


def register(app: typer.Typer) -> None:
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    group = groups.get("tasks")
    if group is None:
        group = typer.Typer(no_args_is_help=True)
        app.add_typer(group, name="tasks")
    group.command("import")(import_)


def import_(
    file: Annotated[Path, typer.Argument(help="A .jsonl or .csv file, as docs/tasks.md says.")],
    model: Annotated[str, typer.Option(help="Name of the model whose tokenizer reads it.")],
    metric: Annotated[
        str | None,
        typer.Option(
            help="logit_difference, log_probability, kl or own_tokens; default: as the file says.",
            metavar="METRIC",
        ),
    ] = None,
    raised: Annotated[
        list[str] | None,
        typer.Option(help="A token that own_tokens goes up with; may be repeated."),
    ] = None,
    lowered: Annotated[
        list[str] | None,
        typer.Option(help="A token that own_tokens goes down with; may be repeated."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is called; default: as the file.")] = (
        None
    ),
    slug: Annotated[
        str | None, typer.Option(help="What it is called in addresses; default: a free one.")
    ] = None,
) -> None:
    """Bring in pairs of prompts that a circuit can be found on.

    The first row that is no pair for the model's tokenizer ends it, with its line: prompts of
    different length, an answer that is not one token. Importing the same again changes nothing.

    Examples:

      patchclamp tasks import my-pairs.csv --model gpt2

      patchclamp tasks import pairs.jsonl --model gpt2 --metric own_tokens --raised " yes"
    """
    if metric not in (None, *METRICS):
        raise typer.BadParameter(f"use {', '.join(METRICS)}", param_hint="--metric")
    raw = _read(file)
    with opened_store() as (settings, engine):
        import torch

        from analysis.solving.measuring import reader_of_model
        from analysis.tasks.importing import import_task
        from analysis.worker.subjects import chosen_dtype, load_subject, model_row
        from app.store.engine import open_session
        from app.store.writing_tasks import keep_task

        with open_session(engine) as session:
            row = model_row(session, model)
        cpu = torch.device("cpu")
        dtype = chosen_dtype(row, "auto", cpu).dtype
        reader = reader_of_model(load_subject(row, dtype=dtype, device=cpu, settings=settings))
        task = import_task(
            raw,
            reader,
            file=file.name,
            metric=metric,  # type: ignore[arg-type]
            raised=raised or (),
            lowered=lowered or (),
            name=name,
        )
        with open_session(engine, commit=True) as session:
            kept = keep_task(session, model=model, task=task, slug=slug, actor="local owner")
    typer.echo(f"Task {kept.slug} of {kept.n_pairs:,} pairs.")
    typer.echo(f"Next: patchclamp circuit {model} {kept.slug} --wait")


def _read(file: Path) -> bytes:
    """No more than may be read at all, and a byte, so that more is refused with the reason."""
    from analysis.errors import TaskError
    from analysis.tasks.rows import LARGEST_FILE

    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise TaskError(
            f"{file} cannot be read: {error.strerror}", hint="Give the path of a file.", where=file
        ) from error
