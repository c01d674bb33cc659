"""`explanations`: write them down for others, bring in those made elsewhere, and score these."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.formatting import counted
from app.commands.opening import console
from app.printable import escaped, escaped_lines
from app.store.opening import opened_store

if TYPE_CHECKING:
    from app.exchange.importing import FileReport, ImportReport

SHOWN_PROBLEMS = 20
FORMATS = "jsonl, csv, parquet, neuronpedia, saedashboard or openai"


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Export and import explanations.")
    group.command("export")(export_)
    group.command("import")(import_)
    group.command("score")(score)
    app.add_typer(group, name="explanations", rich_help_panel="Look and steer")


def export_(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    form: Annotated[str, typer.Option("--format", help=f"One of {FORMATS}.")],
    to: Annotated[Path, typer.Option("--to", help="Folder to write into; made where missing.")],
    site: Annotated[str | None, typer.Option(help="Only of this site, such as mlp.12.")] = None,
    method: Annotated[
        str | None,
        typer.Option(help="Only by rules, lookup, output, language_model, hand or import."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew, in place of an export that is there.")
    ] = False,
) -> None:
    """Write a model's current explanations with their scores into a folder.

    An export that was cut goes on where it stopped when it is run again. Equal stores make equal
    files.

    Examples:

      patchclamp explanations export smollm2-135m-instruct --format jsonl --to my-explanations

      patchclamp explanations export smollm2-135m-instruct --format csv --to table --site mlp.12
    """
    from app.exchange.exporting import export
    from app.sealed import refuse_export
    from app.store.audit.noting import note_alone
    from app.store.engine import open_session
    from app.store.queries.exporting import find_chosen

    with opened_store() as (settings, engine), console(stderr=True).status("Exporting") as status:
        refuse_export(settings)
        with open_session(engine) as session:
            chosen = find_chosen(session, model=model, site=site, method=method)
        note_alone(
            engine, action="export.explanations", model=chosen.model, subject=f"model {model}",
            after={"format": form, "site": site, "method": method, "to": to.name},
        )  # fmt: skip
        report = export(
            engine,
            model=model,
            form=form,
            to=to,
            site=site,
            method=method,
            overwrite=overwrite,
            tell=lambda done, of: status.update(f"Exporting: {done:,} of {of:,} parts"),
        )
    kept = f", {report.n_kept:,} of which were there" if report.n_kept else ""
    typer.echo(
        f"{counted(report.n_explanations, 'explanation')} in {counted(report.n_files, 'file')}"
        f"{kept}: {escaped(str(to))}"
    )


def import_(
    path: Annotated[Path, typer.Argument(help="A file, or a folder with files.")],
    model: Annotated[str, typer.Option(help="The model that the explanations are about.")],
    form: Annotated[
        str, typer.Option("--format", help=f"One of {FORMATS}; auto tells by the content.")
    ] = "auto",
    their_name: Annotated[
        str | None, typer.Option(help="What the files call the model, where it is another name.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read files from the beginning that were read before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and count, and write nothing.")
    ] = False,
) -> None:
    """Bring in explanations that were made elsewhere.

    Exit code 1 if a file could not be read to its end; what came before is kept, and running it
    again goes on from there.

    Scores that come along are shown as imported ones, and are not believed; `patchclamp
    explanations score` scores programs anew.

    Examples:

      patchclamp explanations import my-explanations --model smollm2-135m-instruct

      patchclamp explanations import batch-0.jsonl.gz --model smollm2-135m-instruct --dry-run
    """
    from app.exchange.importing import import_path
    from app.store.engine import open_session
    from app.store.queries.unscored import count_unscored

    with opened_store() as (_, engine):
        with console(stderr=True).status("Importing") as status:
            report = import_path(
                engine,
                path,
                model=model,
                form=form,
                their_name=their_name,
                dry_run=dry_run,
                again=again,
                tell=lambda one: status.update(f"Importing {_told(one)}"),
            )
        with open_session(engine) as session:
            n_unscored = count_unscored(session, model=model)
    _tell(report, dry_run=dry_run)
    if n_unscored and not dry_run:
        typer.echo(
            f"{counted(n_unscored, 'imported program')} without a score of this store; score with "
            f"`patchclamp explanations score {escaped(model)}`."
        )
    if report.problems:
        raise typer.Exit(1)


def score(model: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Score imported programs on text of this store's test split and held-out domains.

    Ctrl-C loses nothing: run again, it goes on with those that have no score yet.

    Example:

      patchclamp explanations score smollm2-135m-instruct
    """
    from app.store.audit.noting import note_alone
    from app.trials.imports import score_imports

    with opened_store() as (settings, engine), console(stderr=True).status("Scoring") as status:
        note_alone(engine, action="explanations.scored", model=model, subject=f"model {model}")
        tried = score_imports(
            engine,
            model=model,
            data=settings.data,
            tell=lambda n: status.update(f"Scoring: {counted(n, 'program')}"),
        )
    failed = f"; {tried.n_failed:,} could not be run" if tried.n_failed else ""
    left = f"; {tried.n_left:,} are of sites that have no pools" if tried.n_left else ""
    typer.echo(f"Scored {counted(tried.n_scored, 'imported program')}{failed}{left}.")


def _told(one: "FileReport") -> str:
    return escaped(f"{one.name}: {one.n_imported:,} new, {one.n_duplicates:,} there already")


def _tell(report: "ImportReport", *, dry_run: bool) -> None:
    if not report.files:
        typer.echo("There is no file that could be imported.")
    verb = "Would import" if dry_run else "Imported"
    typer.echo(
        f"{verb} {counted(report.total('n_imported'), 'explanation')} from "
        f"{counted(len(report.files), 'file')}; "
        f"{report.total('n_duplicates'):,} were there already."
    )
    begun = report.total("begun_at")
    if begun:
        typer.echo(f"{begun:,} rows were done by an earlier import.")
    without = report.total("n_without")
    if without:
        typer.echo(f"{without:,} rows hold no explanation.")
    for problem in report.problems[:SHOWN_PROBLEMS]:
        typer.echo(escaped_lines(f"{problem.detail}\n  {problem.hint}"), err=True)
    more = len(report.problems) - SHOWN_PROBLEMS
    if more > 0:
        typer.echo(f"{more:,} more files have problems.", err=True)
