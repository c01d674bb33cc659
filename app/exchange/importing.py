"""Brings explanations that were made elsewhere into the store, file by file, and goes on where it
was cut.

Each batch of rows is one transaction together with the place in its file. A row that is wrong ends
its file: what came before is kept, the error says which line and field, and once the file is mended
the import goes on from there. A file that is about another model ends the import.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from app.errors import PatchclampError
from app.exchange.accepting import accept
from app.exchange.faults import FileFaultError, WrongModelError
from app.exchange.formats import format_named
from app.exchange.input import InputFile
from app.exchange.reading import Row
from app.exchange.recognising import Recognised, find_files
from app.store.audit.noting import LOCAL, made_note
from app.store.audit.sealing import append
from app.store.engine import begin, open_session
from app.store.importing import (
    FilePosition,
    Key,
    keep_position,
    key_of,
    known_keys,
    lock_model,
    position_of,
    write_imports,
)
from app.store.portable import ExplanationRecord, Receiver
from app.store.queries.exporting import find_receiver

AT_ONCE: Final = 500
"""Rows of one transaction."""
MOST_CHARACTERS: Final = 20_000_000
"""Of texts and programs in one transaction; a row more may be begun."""


@dataclass
class FileReport:
    name: str
    format: str
    n_imported: int = 0
    n_duplicates: int = 0
    n_without: int = 0
    """Rows that hold no explanation: features, activations."""
    begun_at: int = 0
    """Rows that an earlier import had done."""
    problem: PatchclampError | None = None
    """What ended the file before its end."""


@dataclass
class ImportReport:
    files: list[FileReport] = field(default_factory=list)

    def total(self, name: str) -> int:
        return sum(getattr(file, name) for file in self.files)

    @property
    def problems(self) -> list[PatchclampError]:
        return [file.problem for file in self.files if file.problem is not None]


@dataclass(frozen=True)
class _Import:
    """What holds for all files."""

    engine: Engine
    receiver: Receiver
    their_name: str | None
    dry_run: bool
    again: bool
    seen: set[int]
    """Hashes of keys that a dry run has met, for it writes none that could be found again."""


@dataclass
class _Batch:
    """Rows up to a place in the file, accepted."""

    digest: str
    """Of the file up to there."""
    n_rows: int = 0
    n_without: int = 0
    n_characters: int = 0
    records: list[ExplanationRecord] = field(default_factory=list)
    ended: bool = False
    problem: FileFaultError | None = None

    def add(self, records: list[ExplanationRecord]) -> None:
        self.records += records
        self.n_without += not records
        self.n_rows += 1
        self.n_characters += sum(len(one.text) + len(one.program or "") for one in records)

    @property
    def full(self) -> bool:
        return self.n_rows >= AT_ONCE or self.n_characters >= MOST_CHARACTERS


def import_path(
    engine: Engine,
    path: Path,
    *,
    model: str,
    form: str = "auto",
    their_name: str | None = None,
    dry_run: bool = False,
    again: bool = False,
    tell: Callable[[FileReport], None] | None = None,
) -> ImportReport:
    """`tell` is given the report of a file after each batch. `their_name` is what the files call
    the model; `again` reads files from the beginning that were done. WrongModelError: they are
    about another model."""
    if form != "auto":
        format_named(form)
    with open_session(engine) as session:
        receiver = find_receiver(session, model=model)
    work = _Import(engine, receiver, their_name, dry_run, again, set())
    report = ImportReport()
    for found in find_files(path, form):
        one = FileReport(found.file.name, found.format)
        report.files.append(one)
        try:
            _import_file(work, found, one, tell)
        except WrongModelError as wrong:
            n_kept = report.total("n_imported")
            if n_kept and not dry_run:
                wrong.hint = f"{wrong.hint} {n_kept:,} explanations from before it are kept."
            raise
        except FileFaultError as fault:
            one.problem = fault
    return report


def _import_file(
    work: _Import,
    found: Recognised,
    report: FileReport,
    tell: Callable[[FileReport], None] | None,
) -> None:
    file, rows, before = _resume(work, found)
    report.begun_at = before.position
    position = before.position
    while True:
        batch = _take(file, rows, work)
        position += batch.n_rows
        if batch.n_rows:
            place = before._replace(position=position, digest=batch.digest)
            before = _store(work, found, batch, place, report)
            report.n_without += batch.n_without
            if tell is not None:
                tell(report)
        if batch.problem is not None:
            raise batch.problem
        if batch.ended:
            return


def _resume(work: _Import, found: Recognised) -> tuple[InputFile, Iterator[Row], FilePosition]:
    """The file and its rows after the place where an earlier import stopped, if it is still the
    same file up to there."""
    read = format_named(found.format).read
    with work.engine.connect() as connection:
        before = position_of(
            connection,
            model_id=work.receiver.model_id,
            form=found.format,
            name=found.file.name,
        )
    if before is not None and not work.again:
        rows = read(found.file)
        try:
            n_passed = sum(1 for _ in islice(rows, before.position))
        except FileFaultError:
            n_passed = -1
        if n_passed == before.position and found.file.digest() == before.digest:
            return found.file, rows, before
    file = found.file.again()
    return file, read(file), FilePosition(0, file.digest(), 0, 0)


def _take(file: InputFile, rows: Iterator[Row], work: _Import) -> _Batch:
    """The next rows; fewer where the file ends or one is wrong, and then why."""
    batch = _Batch(file.digest())
    while not batch.full:
        here = file.mark()
        try:
            row = next(rows, None)
            if row is not None:
                parsed = row.parse()
                batch.add([accept(row.where, o, work.receiver, work.their_name) for o in parsed])
                continue
            batch.ended = True
        except WrongModelError:
            raise
        except FileFaultError as fault:
            batch.problem = fault
        batch.digest = here()
        return batch
    batch.digest = file.digest()
    return batch


def _store(
    work: _Import, found: Recognised, batch: _Batch, place: FilePosition, report: FileReport
) -> FilePosition:
    if work.dry_run:
        with work.engine.connect() as connection:
            known = known_keys(connection, work.receiver, batch.records)
        fresh = _fresh(batch.records, known, work.seen)
        _count(report, len(fresh), len(batch.records) - len(fresh))
        return place
    with begin(work.engine) as connection:
        lock_model(connection, work.receiver)
        known = known_keys(connection, work.receiver, batch.records)
        fresh = _fresh(batch.records, known, set())
        n_duplicates = len(batch.records) - len(fresh)
        write_imports(connection, work.receiver, fresh)
        place = place._replace(
            n_imported=place.n_imported + len(fresh),
            n_duplicates=place.n_duplicates + n_duplicates,
        )
        keep_position(
            connection,
            model_id=work.receiver.model_id,
            form=found.format,
            name=found.file.name,
            position=place,
        )
        if fresh:
            said = made_note(
                LOCAL, action="explanations.imported", model=work.receiver.name,
                subject=f"file {found.file.name}",
                after={"explanations": len(fresh), "format": found.format,
                       "until_row": place.position, "sha256_until_there": place.digest},
            )  # fmt: skip
            append(connection, [said])
    _count(report, len(fresh), n_duplicates)
    return place


def _fresh(
    records: list[ExplanationRecord], known: set[Key], seen: set[int]
) -> list[ExplanationRecord]:
    """Those that are neither known nor a second time among them."""
    fresh = []
    for record in records:
        key = key_of(record)
        if key not in known and hash(key) not in seen:
            known.add(key)
            seen.add(hash(key))
            fresh.append(record)
    return fresh


def _count(report: FileReport, n_imported: int, n_duplicates: int) -> None:
    report.n_imported += n_imported
    report.n_duplicates += n_duplicates
