"""Looks for damage in a store and in the files that belong to it; changes nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from app.errors import UnavailableError
from app.store.engine import open_session
from app.store.failures import store_name
from app.store.migrating import current_revision, differences, head_revision, require_current
from app.store.packing import unpack
from app.store.queries.pool import artifact_path
from app.store.tables import ArtifactTable, ExemplarTable, RunTable, WindowTable

BLOCK = 1 << 20
ROWS = 5000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: str
    """integrity, foreign_key, schema, artifact, window"""
    message: str
    hint: str


def check(engine: Engine, *, data: Path, deep: bool = False) -> list[Finding]:
    """What is wrong; an empty list where nothing is.

    `deep` also reads every artifact to compare its SHA-256, which takes as long as reading the
    files takes. Raises UnavailableError where the store cannot be opened at all.
    """
    findings = list(_check_integrity(engine))
    findings += _check_schema(engine)
    if any(finding.kind == "schema" for finding in findings):
        return findings
    with open_session(engine) as session:
        findings += _check_artifacts(session, data, deep=deep)
        findings += _check_windows(session)
    return findings


def _check_integrity(engine: Engine) -> Iterator[Finding]:
    """SQLite only: PostgreSQL checks its foreign keys at every write, and its files itself."""
    if engine.dialect.name != "sqlite":
        return
    restore = "Put a copy from the `backups` folder in the store's place, or sweep again."
    with engine.connect() as connection:
        for (verdict,) in connection.exec_driver_sql("PRAGMA integrity_check(20)"):
            if verdict != "ok":
                yield Finding("integrity", f"{store_name(engine)}: {verdict}", restore)
        yield from _check_foreign_keys(connection)


def _check_foreign_keys(connection: Connection) -> Iterator[Finding]:
    broken: dict[tuple[str, str], int] = {}
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        broken[row[0], row[2]] = broken.get((row[0], row[2]), 0) + 1
    for (table, parent), n in broken.items():
        yield Finding(
            "foreign_key",
            f"{n} rows of {table} refer to rows of {parent} that are missing",
            "Put a copy from the `backups` folder in the store's place.",
        )


def _check_schema(engine: Engine) -> Iterator[Finding]:
    try:
        require_current(engine)
    except UnavailableError as error:
        yield Finding("schema", error.detail, error.hint or "")
        return
    for difference in differences(engine):
        yield Finding(
            "schema",
            f"the tables are not those of {head_revision()}: {difference!r}",
            f"They were changed from outside (revision {current_revision(engine)}): restore a "
            "backup.",
        )


def _check_artifacts(session: Session, data: Path, *, deep: bool) -> Iterator[Finding]:
    runs = session.execute(select(RunTable.id, RunTable.command))
    commands = {run.id: run.command for run in runs}
    for artifact in session.scalars(select(ArtifactTable).order_by(ArtifactTable.id)):
        problem = _artifact_problem(artifact, data, deep=deep)
        if problem:
            yield Finding(
                "artifact",
                f"{artifact.path} of run {artifact.run_id} {problem}",
                f"Compute it again: `{commands[artifact.run_id]}`.",
            )


def _artifact_problem(artifact: ArtifactTable, data: Path, *, deep: bool) -> str | None:
    try:
        path = artifact_path(data, artifact.path)
    except UnavailableError:
        return "leaves the data folder"
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size != artifact.n_bytes:
        return f"has {size} bytes, not {artifact.n_bytes}"
    if deep and _sha256(path) != artifact.sha256:
        return "has another content than the run wrote"
    return None


def _check_windows(session: Session) -> Iterator[Finding]:
    """Windows that exemplars and pools refer to and that are not stored."""
    runs = session.execute(
        select(RunTable.id, RunTable.window_set_id).where(RunTable.kind == "sweep")
    )
    for run_id, window_set_id in runs.all():
        query = select(WindowTable.number).where(WindowTable.window_set_id == window_set_id)
        stored = np.unique(np.fromiter(session.scalars(query), dtype=np.int64))
        missing = np.setdiff1d(_windows_of_run(session, run_id), stored)
        if len(missing):
            yield Finding(
                "window",
                f"{len(missing)} windows that run {run_id} refers to are not stored, the first "
                f"is {missing[0]}",
                "Sweep again: exemplars without their text cannot be shown.",
            )


def _windows_of_run(session: Session, run_id: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    found: set[int] = set()
    exemplars = session.execute(
        select(ExemplarTable.windows)
        .where(ExemplarTable.run_id == run_id)
        .execution_options(yield_per=ROWS)
    )
    for rows in exemplars.scalars().partitions():
        found.update(np.unique(unpack(b"".join(rows), np.uint32)).tolist())
    pools = session.scalars(select(ArtifactTable.window_numbers).filter_by(run_id=run_id))
    found.update(number for numbers in pools for number in numbers)
    return np.array(sorted(found), dtype=np.int64)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
