"""`judgements`: write down what people make of explanations, and bring in what others made."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.formatting import counted
from app.commands.opening import console
from app.printable import escaped, escaped_lines
from app.store.opening import opened_store

if TYPE_CHECKING:
    from app.exchange.judgements.importing import JudgementsReport

MANIFEST = "manifest.json"


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Export and import judgements.")
    group.command("export")(export_)
    group.command("import")(import_)
    app.add_typer(group, name="judgements", rich_help_panel="Look and steer")


def export_(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    to: Annotated[Path, typer.Option("--to", help="Folder to write into; made where missing.")],
    form: Annotated[str, typer.Option("--format", help="jsonl, csv or parquet.")] = "jsonl",
    kind: Annotated[
        str, typer.Option(help="raw: a row a judgement; consensus: a row an explanation; skips.")
    ] = "raw",
    campaign: Annotated[str | None, typer.Option(help="Only what was judged in this one.")] = None,
    annotators: Annotated[
        str, typer.Option(help="names, or numbers that tell people apart without naming them.")
    ] = "names",
) -> None:
    """Write judgements into a folder, with a manifest that says what they are.

    Of a campaign, what was given in it, unseen by others; of a model, what its authors stand by.

    Examples:

      patchclamp judgements export smollm2-135m-instruct --to judged

      patchclamp judgements export smollm2-135m-instruct --to judged --kind consensus --format csv
    """
    from app.errors import BadRequestError
    from app.exchange.judgements.columns import COLUMNS
    from app.exchange.judgements.encoding import ENCODINGS
    from app.exchange.judgements.exporting import take_out
    from app.exchange.output import OutputFolder
    from app.sealed import refuse_export
    from app.store.audit.noting import note_alone
    from app.store.engine import open_session
    from app.store.queries.asked_judgements import asked_of

    choices = (("format", form, ENCODINGS), ("kind", kind, COLUMNS),
               ("annotators", annotators, ("names", "numbers")))  # fmt: skip
    for name, value, known in choices:
        if value not in known:
            raise BadRequestError(
                f"--{name} cannot be {value!r}.", hint=f"There are {', '.join(known)}."
            )
    with opened_store() as (settings, engine), console(stderr=True).status("Exporting"):
        refuse_export(settings)
        with open_session(engine) as session:
            asked = asked_of(session, model=model, campaign=campaign)
            taken = take_out(
                session, asked,
                table=next(table for table in COLUMNS if table == kind),
                annotators="numbers" if annotators == "numbers" else "names",
            )  # fmt: skip
        note_alone(
            engine, action="export.judgements", model=model, subject=f"model {model}",
            after={"campaign": campaign, "table": kind, "annotators": annotators, "format": form,
                   "rows": len(taken.rows), "to": to.name},
        )  # fmt: skip
        folder = OutputFolder(to)
        encode = next(one.encode for name, one in ENCODINGS.items() if name == form)
        folder.write(f"judgements-{kind}.{form}", encode(taken.columns, taken.rows))
        told = json.dumps(taken.manifest, indent=2, ensure_ascii=False) + "\n"
        folder.write(MANIFEST, [told.encode("utf-8", "replace")])
    what = {"raw": "judgement", "consensus": "explanation", "skips": "skipped item"}[kind]
    typer.echo(f"{counted(len(taken.rows), what)}: {escaped(str(to))}")


def import_(
    path: Annotated[Path, typer.Argument(help="A file that ends in .jsonl, .csv or .parquet.")],
    model: Annotated[str, typer.Option(help="The model whose explanations were judged.")],
    origin: Annotated[
        str, typer.Option(help="Where: people are named with it, as in `ada (their-lab)`.")
    ],
    their_name: Annotated[
        str | None, typer.Option(help="What the file calls the model, where it is another name.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")
    ] = False,
) -> None:
    """Bring in judgements that were made elsewhere: all of a file, or nothing where a row is wrong.

    The same file twice adds nothing. A row has `annotator`, `verdict` and what was judged:
    `explanation` by its id, or `unit` such as mlp.12/345, with its `text` where it has several.
    Exit code 1 if a row is wrong.

    Example:

      patchclamp judgements import judged.csv --model smollm2-135m-instruct --origin their-lab
    """
    from app.errors import NotFoundError
    from app.exchange.input import InputFile
    from app.exchange.judgements.importing import keep_judgements, read_judgements
    from app.store.engine import open_session
    from app.store.views.account import LOCAL_OWNER

    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.", hint="Give one that is there.")
    with opened_store() as (_, engine), console(stderr=True).status("Importing"):
        found = read_judgements(InputFile(path, path.name))
        with open_session(engine, commit=True) as session:
            report = keep_judgements(
                session, found, model=model, origin=origin, actor=LOCAL_OWNER,
                their_name=their_name, dry_run=dry_run,
            )  # fmt: skip
    _tell(report)
    if not report.is_whole:
        raise typer.Exit(1)


def _tell(report: "JudgementsReport") -> None:
    for fault in report.faults:
        typer.echo(escaped_lines(f"{fault.detail}\n  {fault.hint}"), err=True)
    if report.n_faults > len(report.faults):
        typer.echo(f"and {report.n_faults - len(report.faults):,} more", err=True)
    if not report.is_whole:
        typer.echo(
            f"{counted(report.n_faults, 'row')} of {report.n_rows:,} cannot be taken; nothing "
            f"{'would be' if report.dry_run else 'was'} brought in.",
            err=True,
        )
        return
    n_people = len(report.people)
    people = f" of {n_people:,} {'person' if n_people == 1 else 'people'}" if n_people else ""
    typer.echo(
        f"{'Would bring' if report.dry_run else 'Brought'} in "
        f"{counted(report.n_new, 'judgement')}{people} of "
        f"{counted(report.n_explanations, 'explanation')}; {report.n_known:,} were here."
    )
