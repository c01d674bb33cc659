"""Judgements made elsewhere are brought in: all of a file, or, where a row is wrong, none.

Who judged need have no account: they are named with the origin. The same row brought in again adds
nothing; of two by one person of one explanation the later one counts, and the other is kept.
"""

from bisect import insort
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.exchange.faults import FileFaultError
from app.exchange.input import InputFile
from app.exchange.judgements.encoding import Form
from app.exchange.judgements.naming import actor_of, check_origin
from app.exchange.judgements.reading import ReadJudgement, form_of, read
from app.store.audit.noting import note
from app.store.importing_judgements import (
    NewJudgement,
    Told,
    Wanted,
    add_judgements,
    find_explanations,
    lock_judged_model,
)
from app.store.queries.asked_judgements import asked_of

MOST_ROWS: Final = 100_000
MOST_CHARACTERS: Final = 50_000_000
MOST_FAULTS: Final = 50
"""That are told."""


@dataclass
class JudgementsReport:
    """What was brought in; of a dry run, what would be."""

    n_rows: int = 0
    n_new: int = 0
    n_known: int = 0
    """That were here already."""
    n_superseded: int = 0
    """Of those that are new or were here: which others of the same people took the place of."""
    people: list[str] = field(default_factory=list)
    n_explanations: int = 0
    faults: list[FileFaultError] = field(default_factory=list)
    """The first ones."""
    n_faults: int = 0
    dry_run: bool = False

    @property
    def is_whole(self) -> bool:
        return not self.n_faults


@dataclass
class ReadFile:
    """A file with all of its rows, read before anybody waits to write."""

    file: InputFile
    rows: list[ReadJudgement]
    n_rows: int = 0
    faults: list[FileFaultError] = field(default_factory=list)


def read_judgements(file: InputFile, *, form: Form | None = None) -> ReadFile:
    """Raises BadRequestError of a file that is no table or too large, and FileFaultError where it
    cannot be read on; rows that are wrong are among its faults."""
    found, n_characters = ReadFile(file, []), 0
    for row in read(file, form or form_of(file.name)):
        found.n_rows += 1
        if isinstance(row, FileFaultError):
            found.faults.append(row)
            continue
        n_characters += len(row.text or "") + len(row.rating.note)
        if found.n_rows > MOST_ROWS or n_characters > MOST_CHARACTERS:
            raise BadRequestError(
                f"{file.name} has more than {MOST_ROWS:,} rows, or {MOST_CHARACTERS:,} characters "
                "in texts and notes.",
                hint="Split it into several.",
            )
        found.rows.append(row)
    return found


def keep_judgements(
    session: Session,
    found: ReadFile,
    *,
    model: str,
    origin: str,
    actor: str,
    their_name: str | None = None,
    dry_run: bool = False,
) -> JudgementsReport:
    """Adds to the session; whoever opened it commits. With faults, or as a dry run, nothing is
    added. Raises BadRequestError of an origin that cannot be, NotFoundError of a model."""
    check_origin(origin)
    asked = asked_of(session, model=model)
    report = JudgementsReport(n_rows=found.n_rows, dry_run=dry_run)
    for fault in found.faults:
        _add_fault(report, fault)
    if not dry_run:
        lock_judged_model(session, asked)
    fresh: list[NewJudgement] = []
    told_of = find_explanations(session, asked, [_wanted(row) for row in found.rows])
    for row, told in zip(found.rows, told_of, strict=True):
        problem = _model_problem(row, model, their_name) or told.problem
        if problem is not None:
            _add_fault(report, FileFaultError(row.where, problem, hint=told.hint))
        elif told.explanation_id is not None:
            fresh.append(_judgement(row, told, origin))
    if report.n_faults and not dry_run:
        return report
    counts = add_judgements(session, fresh, dry_run=dry_run)
    report.n_new, report.n_known, report.n_superseded = counts
    report.people = sorted({one.actor for one in fresh})
    report.n_explanations = len({one.explanation_id for one in fresh})
    if report.n_new and not dry_run:
        note(
            session, actor=actor, action="judgements.imported", model=model,
            subject=f"file {found.file.name}",
            after={"judgements": report.n_new, "known": report.n_known, "origin": origin,
                   "people": len(report.people), "sha256": found.file.digest()},
        )  # fmt: skip
    return report


def _add_fault(report: JudgementsReport, fault: FileFaultError) -> None:
    """Those that are told are the first ones of the file."""
    report.n_faults += 1
    insort(report.faults, fault, key=lambda one: one.where.line)
    del report.faults[MOST_FAULTS:]


def _model_problem(row: ReadJudgement, model: str, their_name: str | None) -> str | None:
    if not row.model or row.model in (model, their_name):
        return None
    return f"it is about model {row.model!r}, not {model}"


def _wanted(row: ReadJudgement) -> Wanted:
    return Wanted(row.explanation, row.site, row.index, row.text)


def _judgement(row: ReadJudgement, told: Told, origin: str) -> NewJudgement:
    assert told.explanation_id is not None  # noqa: S101 - the caller has looked
    where = {"file": row.where.file, row.where.what: row.where.line}
    return NewJudgement(
        explanation_id=told.explanation_id,
        actor=actor_of(row.annotator, row.origin or origin),
        annotator=row.annotator,
        origin=row.origin or origin,
        rating=row.rating,
        created_at=row.created_at,
        imported={**row.came, **where},
    )
