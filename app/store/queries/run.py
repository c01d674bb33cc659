"""Runs: the provenance of every number, and the files that they left."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, Select, bindparam, exists, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.fetching import fetch
from app.store.locating import require_model
from app.store.paging import check_limit, is_integer, read_cursor, write_cursor
from app.store.queries.model import check_choice
from app.store.tables import (
    ArtifactTable,
    CorpusTable,
    ModelTable,
    RunTable,
    SiteSummaryTable,
    SiteTable,
    WindowSetTable,
)
from app.store.views.base import Page
from app.store.views.run import ArtifactView, RunView, SweepLine

RUN_KINDS = ("sweep", "output", "relate", "explain", "score", "evidence", "experiment", "circuit")
SORT = "newest"


def _select(*columns: Any) -> Select[Any]:  # noqa: ANN401 - whatever a statement can select
    """From runs with their model, corpus and windows."""
    return (
        select(*columns)
        .join(ModelTable, ModelTable.id == RunTable.model_id)
        .outerjoin(CorpusTable, CorpusTable.id == RunTable.corpus_id)
        .outerjoin(WindowSetTable, WindowSetTable.id == RunTable.window_set_id)
    )


RUNS = _select(
    *RunTable.__table__.columns,
    ModelTable.name.label("model"),
    ModelTable.weights_sha256,
    ModelTable.tokenizer_sha256,
    CorpusTable.name.label("corpus"),
    CorpusTable.documents_sha256,
    WindowSetTable.counts,
)
RUN = RUNS.where(RunTable.id == bindparam("run_id"))
SWEEPS = (
    _select(
        RunTable.id,
        RunTable.status,
        RunTable.dtype,
        RunTable.started_at,
        CorpusTable.name.label("corpus"),
        WindowSetTable.counts,
        WindowSetTable.window_length,
    )
    .where(
        ModelTable.name == bindparam("model"),
        RunTable.kind == "sweep",
        exists().where(SiteSummaryTable.run_id == RunTable.id),
    )
    .order_by(RunTable.id.desc())
    .limit(bindparam("limit"))
)


def get_run(session: Session, *, run_id: int) -> RunView:
    found = None
    if is_integer(run_id):
        found = fetch(session, RUN, {"run_id": run_id}).one_or_none()
    if found is None:
        raise no_run(run_id)
    return _view(found)


def no_run(run_id: int | str) -> NotFoundError:
    return NotFoundError(f"There is no run {run_id}.", hint="See the runs on a model's page.")


def list_runs(
    session: Session,
    *,
    model: str | None = None,
    kind: str | None = None,
    models: Collection[str] | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[RunView]:
    """Newest first; `models`: only of these. Experiments only where they are asked for: they have a
    list of their own, and would hide everything else in this one."""
    check_limit(limit)
    query = RUNS.order_by(RunTable.id.desc()).limit(limit + 1)
    if model is not None:
        query = query.where(RunTable.model_id == require_model(session, name=model))
    if models is not None:
        query = query.where(ModelTable.name.in_(models))
    if kind is not None:
        check_choice("kind of run", kind, RUN_KINDS)
        query = query.where(RunTable.kind == kind)
    else:
        query = query.where(RunTable.kind != "experiment")
    if cursor is not None:
        query = query.where(RunTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query).all()
    items = [_view(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page[RunView](
        items=items, next_cursor=write_cursor(SORT, None, items[-1].id) if more else None
    )


def list_sweeps(session: Session, *, model: str, limit: int = 20) -> list[SweepLine]:
    """The runs that pages can show, newest first: those with numbers. None of an unknown model."""
    return [
        SweepLine(
            id=row.id,
            status=row.status,
            corpus=row.corpus,
            n_windows=sum((row.counts or {}).values()),
            window_length=row.window_length,
            dtype=row.dtype,
            started_at=row.started_at,
        )
        for row in fetch(session, SWEEPS, {"model": model, "limit": limit})
    ]


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


def _view(run: Row[*tuple[Any, ...]]) -> RunView:
    ended = run.finished_at
    return RunView(
        id=run.id,
        kind=run.kind,
        method=run.method,
        method_version=run.method_version,
        status=run.status,
        model=run.model,
        weights_sha256=run.weights_sha256,
        tokenizer_sha256=run.tokenizer_sha256,
        corpus=run.corpus,
        documents_sha256=run.documents_sha256,
        window_counts=run.counts,
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
