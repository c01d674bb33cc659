"""The commands of the analysis: `worker`, `inference`, `models add`, `corpora add`, `tasks import`,
`records`.

What a command needs is imported when it runs: `patchclamp --help` answers without torch.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.worker import inference, tasks
from analysis.worker.records import commands as records
from app.importing import undisturbed
from app.store.opening import opened_store

if TYPE_CHECKING:
    from analysis.worker.registering import Tell


def register(app: typer.Typer) -> None:
    app.command("worker", rich_help_panel="Run")(worker)
    inference.register(app)
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    for name, command in (("models", add_model), ("corpora", add_corpus)):
        group = groups.get(name)
        if group is None:
            group = typer.Typer(no_args_is_help=True)
            app.add_typer(group, name=name)
        group.command("add")(command)
    tasks.register(app)
    records.register(app)


def worker(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="Leave when no job waits any more.")
    ] = False,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Take jobs from the store and run them, one at a time.

    Start as many as there are machines or devices; they share one store. Ctrl-C finishes the
    batch (of a sweep: the shard, unless pressed again), hands the job back and leaves; a worker
    that dies is replaced by any other after PATCHCLAMP_LEASE_SECONDS.

    Examples:

      patchclamp worker

      PATCHCLAMP_DEVICE=cuda PATCHCLAMP_DATABASE_URL=postgresql://lab/patchclamp patchclamp worker
    """
    with opened_store() as (settings, _engine):
        from analysis.worker.compiled import keep_compiled
        from analysis.worker.memory import keep_freed_memory
        from analysis.worker.threads import wait_politely

        keep_compiled(settings.data)
        wait_politely(settings.threads)
        keep_freed_memory()
        with undisturbed():
            import torch

            from analysis.worker.kinds import KINDS
            from analysis.worker.process import Worker
            from analysis.worker.provenance import code_version
            from app.supervisor import leave_with_parent

        if settings.threads is not None:
            torch.set_num_threads(settings.threads)
        code_version()  # now: a run begins in a transaction
        process = Worker(settings, KINDS)
        process.stop_on_signals()
        if supervised:
            leave_with_parent(process.stop)
        process.run(until_idle=until_idle)


def add_model(
    source: Annotated[str, typer.Argument(help="Hub id, folder, .gguf file or plain model.")],
    name: Annotated[
        str | None, typer.Option(help="Its name here, in URLs; default: from the source.")
    ] = None,
    kind: Annotated[
        str, typer.Option(help="auto, hub, folder, gguf or plain.", metavar="KIND")
    ] = "auto",
) -> None:
    """Add a subject model: load it once, and store its sites, facts and vocabulary.

    Adding the same model again under the same name changes nothing.

    Examples:

      patchclamp models add gpt2

      patchclamp models add EleutherAI/pythia-70m --name pythia

      patchclamp models add ./my-model.gguf
    """
    if kind not in ("auto", "hub", "folder", "gguf", "plain"):
        raise typer.BadParameter("use auto, hub, folder, gguf or plain", param_hint="--kind")
    with opened_store() as (settings, engine), _progress() as tell:
        with undisturbed():
            from analysis.worker import registering

        added = registering.add_model(
            engine,
            settings,
            source=source,
            name=name,
            kind=kind,  # type: ignore[arg-type]
            tell=tell,
        )
    if added.new:
        typer.echo(f"Added model {added.name}.")
        typer.echo(f"Next: patchclamp sweep --model {added.name} --corpus CORPUS --wait")
    else:
        typer.echo(f"Model {added.name} is there already; nothing was changed.")


def add_corpus(
    source: Annotated[
        str, typer.Argument(help="Hub id, .txt, .jsonl or .parquet file, a folder, or `starter`.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Its name here, in URLs; default: from the source.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="starter, txt, jsonl, parquet or hub; default: as it looks.")
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(help="A domain to keep apart as ood:<domain>; may be repeated."),
    ] = None,
    text_field: Annotated[str, typer.Option(help="Column or key that holds the text.")] = "text",
    group_field: Annotated[
        str | None,
        typer.Option(
            help="Column or key of what a text is a part of (book, speaker): one split; "
            "default: group, where there is one."
        ),
    ] = None,
    by_paragraph: Annotated[
        bool,
        typer.Option(
            "--by-paragraph",
            help="Of .txt files: what stands between blank lines is a document; default: the file.",
        ),
    ] = False,
    domain: Annotated[
        str | None, typer.Option(help="Domain of every document, whatever the source says.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which split of a hub data set is read.")] = "train",
    config: Annotated[
        str | None, typer.Option(help="Which configuration of a hub data set is read.")
    ] = None,
    max_documents: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    max_characters: Annotated[int | None, typer.Option(min=1, help="Stop before so many.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides which document is in which split.")] = 0,
) -> None:
    """Add a corpus: read, drop duplicates, split by document, and keep a frozen copy.

    A document is a line of .jsonl, a row of .parquet, a whole .txt file however long, or with
    --by-paragraph what stands between its blank lines. What is found in some documents is tested on
    others, so a corpus should have dozens at least.

    Adding the same corpus again under the same name changes nothing.

    Examples:

      patchclamp corpora add starter

      patchclamp corpora add my-texts.jsonl --held-out poems

      patchclamp corpora add notes.txt --by-paragraph

      patchclamp corpora add wikitext --config wikitext-2-raw-v1 --max-documents 5000
    """
    with opened_store() as (settings, engine), _progress() as tell:
        from analysis.corpora.readers.base import ReadOptions
        from analysis.worker import registering
        from app.store.engine import open_session
        from app.store.queries.corpus import get_corpus

        added = registering.add_corpus(
            engine,
            settings,
            source=source,
            name=name,
            kind=kind,
            held_out=held_out,
            options=ReadOptions(
                text_field=text_field,
                group_field=group_field,
                by_paragraph=by_paragraph,
                domain=domain,
                split=split,
                config=config,
            ),
            seed=seed,
            max_documents=max_documents,
            max_characters=max_characters,
            tell=tell,
        )
        with open_session(engine) as session:
            corpus = get_corpus(session, name=added.name)
    if added.new:
        typer.echo(f"Added corpus {added.name}: {_amount(corpus.n_documents, corpus.n_characters)}")
    else:
        typer.echo(f"Corpus {added.name} is there already; nothing was changed.")
    for split, n in corpus.splits.items():
        typer.echo(f"  {split:<12} {_amount(n, corpus.characters[split])}")
    for warning in corpus.warnings:
        typer.echo(warning, err=True)
    if added.new:
        typer.echo(f"Next: patchclamp sweep --model MODEL --corpus {added.name} --wait")


def _amount(n_documents: int, n_characters: int) -> str:
    noun = "document" if n_documents == 1 else "documents"
    return f"{n_documents:,} {noun}, {n_characters:,} characters"


@contextmanager
def _progress() -> Iterator["Tell"]:
    """A bar on standard error, with what is being done and the time it took and will take."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def tell(what: str, done: float, total: float | None) -> None:
            whole = total is None or total > 1  # shares of 1 are shown in hundredths
            progress.update(
                task,
                description=what,
                completed=done if whole else round(100 * done),
                total=total if whole else 100,
            )

        yield tell
