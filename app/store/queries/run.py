"""Runs: the provenance of every number, and the files that they left."""

from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import require_model
from app.store.paging import check_limit, is_integer, read_cursor, write_cursor
from app.store.queries.model import check_choice
from app.store.tables import (
    ArtifactTable,
    CorpusTable,
    ModelTable,
    RunTable,
    SiteTable,
    WindowSetTable,
)
from app.store.views.base import Page
from app.store.views.run import ArtifactView, RunView

RUN_KINDS = ("sweep", "output", "relate")
SORT = "newest"
RUNS = (
    select(
        RunTable,
        ModelTable.name.label("model"),
        ModelTable.weights_sha256,
        ModelTable.tokenizer_sha256,
        CorpusTable.name.label("corpus"),
        CorpusTable.documents_sha256,
        WindowSetTable.counts,
    )
    .join(ModelTable, ModelTable.id == RunTable.model_id)
    .outerjoin(CorpusTable, CorpusTable.id == RunTable.corpus_id)
    .outerjoin(WindowSetTable, WindowSetTable.id == RunTable.window_set_id)
)
RUN = RUNS.where(RunTable.id == bindparam("run_id"))


def get_run(session: Session, *, run_id: int) -> RunView:
    found = None
    if is_integer(run_id):
        found = session.execute(RUN, {"run_id": run_id}).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no run {run_id}.", hint="See the runs on a model's page.")
    return _view(found)


def list_runs(
    session: Session,
    *,
    model: str | None = None,
    kind: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[RunView]:
    """Newest first."""
    check_limit(limit)
    query = RUNS.order_by(RunTable.id.desc()).limit(limit + 1)
    if model is not None:
        query = query.where(RunTable.model_id == require_model(session, name=model))
    if kind is not None:
        check_choice("kind of run", kind, RUN_KINDS)
        query = query.where(RunTable.kind == kind)
    if cursor is not None:
        query = query.where(RunTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query).all()
    items = [_view(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page[RunView](
        items=items, next_cursor=write_cursor(SORT, None, items[-1].id) if more else None
    )


def list_artifacts(session: Session, *, run_id: int) -> list[ArtifactView]:
    """By site and split."""
    get_run(session, run_id=run_id)
    rows = session.execute(
        select(ArtifactTable, SiteTable.name)
        .join(SiteTable, SiteTable.id == ArtifactTable.site_id)
        .where(ArtifactTable.run_id == run_id)
        .order_by(ArtifactTable.kind, SiteTable.id, ArtifactTable.split)
    )
    return [
        ArtifactView(
            kind=row.kind,
            site=site,
            split=row.split,
            shape=row.shape,
            dtype=row.dtype,
            n_bytes=row.n_bytes,
            sha256=row.sha256,
        )
        for row, site in rows
    ]


def _view(found: Row[*tuple[Any, ...]]) -> RunView:
    run: RunTable = found.RunTable
    ended = run.finished_at
    return RunView(
        id=run.id,
        kind=run.kind,
        method=run.method,
        method_version=run.method_version,
        status=run.status,
        model=found.model,
        weights_sha256=found.weights_sha256,
        tokenizer_sha256=found.tokenizer_sha256,
        corpus=found.corpus,
        documents_sha256=found.documents_sha256,
        window_counts=found.counts,
        of_run_id=run.of_run_id,
        job_id=run.job_id,
        parameters=run.parameters,
        seed=run.seed,
        dtype=run.dtype,
        device=run.device,
        code_version=run.code_version,
        machine=run.machine,
        measured=run.measured,
        command=run.command,
        started_at=run.started_at,
        finished_at=ended,
        duration_seconds=None if ended is None else (ended - run.started_at).total_seconds(),
    )
