"""Pools on disk: how much each run's take, and removing those that nobody looks at any more."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.audit.noting import note
from app.store.engine import open_session
from app.store.queries.pool import artifact_path
from app.store.tables import ArtifactTable, ModelTable, RunTable


@dataclass(frozen=True)
class RunPools:
    """The pools of one run."""

    run_id: int
    model: str
    current: bool
    """Pages of the model show this run."""
    status: str
    n_files: int
    n_bytes: int


def list_pools(session: Session) -> list[RunPools]:
    """Oldest first."""
    rows = session.execute(
        select(
            RunTable.id,
            ModelTable.name,
            ModelTable.current_run_id,
            RunTable.status,
            func.count(),
            func.sum(ArtifactTable.n_bytes),
        )
        .join(RunTable, RunTable.id == ArtifactTable.run_id)
        .join(ModelTable, ModelTable.id == RunTable.model_id)
        .where(ArtifactTable.kind == "pool")
        .group_by(RunTable.id, ModelTable.name, ModelTable.current_run_id, RunTable.status)
        .order_by(RunTable.id)
    )
    return [
        RunPools(run_id, model, current == run_id, status, n_files, int(n_bytes))
        for run_id, model, current, status, n_files, n_bytes in rows
    ]


def choose_old(pools: list[RunPools], run_ids: Collection[int] = ()) -> list[RunPools]:
    """The runs named, or all that are neither shown nor running. Raises NotFoundError."""
    if not run_ids:
        return [pool for pool in pools if not pool.current and pool.status != "running"]
    known = {pool.run_id: pool for pool in pools}
    missing = sorted(set(run_ids) - known.keys())
    if missing:
        raise NotFoundError(f"Run {missing[0]} has no pools.", hint="See `patchclamp pools list`.")
    return [known[run_id] for run_id in sorted(set(run_ids))]


def remove_pools(engine: Engine, *, data: Path, run_id: int) -> int:
    """The bytes freed. Rows go first: a row without its file would be damage."""
    with open_session(engine, commit=True) as session:
        removed = session.execute(
            delete(ArtifactTable)
            .where(ArtifactTable.run_id == run_id, ArtifactTable.kind == "pool")
            .returning(ArtifactTable.path)
        ).scalars()
        paths = [artifact_path(data, path) for path in removed]
        note(session, action="pools.removed", subject=f"run {run_id}", before={"files": len(paths)})
    return sum(_remove(path) for path in _existing(paths))


def _existing(paths: list[Path]) -> Iterator[Path]:
    return (path for path in paths if path.is_file())


def _remove(path: Path) -> int:
    n_bytes = path.stat().st_size
    path.unlink()
    if not any(path.parent.iterdir()):
        path.parent.rmdir()
    return n_bytes
