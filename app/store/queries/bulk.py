"""Whole tables and files, for those who go on computing: statistics site by site, artifacts."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.engine import open_session
from app.store.locating import check_split, locate, locate_site
from app.store.queries.pool import artifact_path
from app.store.reading import ROW_COLUMNS, unit_row
from app.store.tables import ArtifactTable, SiteTable, UnitStatisticsTable
from app.store.views.unit import UnitRow


@dataclass(frozen=True)
class Wanted:
    """A table of statistics that is there: resolved before the first byte of it is sent."""

    model: str
    run_id: int
    split: str
    sites: tuple[str, ...]


@dataclass(frozen=True)
class ArtifactFile:
    """A stored array as a file: float16 or the like, little-endian, in C order, no header."""

    path: Path
    name: str
    dtype: str
    shape: tuple[int, ...]
    n_bytes: int
    sha256: str


def find_statistics(
    session: Session, *, model: str, split: str, site: str | None = None, run_id: int | None = None
) -> Wanted:
    """Of one site, or of all in order of layers. Raises NotFoundError for what is missing."""
    if site is None:
        subject = locate(session, model=model, run_id=run_id)
        query = select(SiteTable.name).filter_by(model_id=subject.model_id)
        sites = tuple(session.scalars(query.order_by(SiteTable.layer, SiteTable.kind)))
    else:
        subject = locate_site(session, model=model, site=site, run_id=run_id)
        sites = (site,)
    check_split(subject, split)
    return Wanted(model=subject.model, run_id=subject.run_id, split=split, sites=sites)


def read_statistics(engine: Engine, wanted: Wanted) -> Iterator[list[UnitRow]]:
    """The rows of one site after another, each in a session of its own, so that none is held long.

    A sweep that publishes meanwhile may have changed the later ones.
    """
    table = UnitStatisticsTable
    for site in wanted.sites:
        with open_session(engine) as session:
            place = locate_site(session, model=wanted.model, site=site, run_id=wanted.run_id)
            rows = session.execute(
                select(*ROW_COLUMNS)
                .where(
                    table.run_id == place.run_id,
                    table.site_id == place.site_id,
                    table.split == wanted.split,
                )
                .order_by(table.unit_index)
            )
            found = [unit_row(place, site=site, kind=place.kind, row=row) for row in rows]
        yield found


def find_artifact(session: Session, *, run_id: int, sha256: str, data: Path) -> ArtifactFile:
    """The run's file of this content. Raises NotFoundError where there is none or it was pruned."""
    found = session.execute(
        select(ArtifactTable, SiteTable.name.label("site"))
        .join(SiteTable, SiteTable.id == ArtifactTable.site_id)
        .where(ArtifactTable.run_id == run_id, ArtifactTable.sha256 == sha256)
        .order_by(ArtifactTable.id)
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFoundError(
            f"Run {run_id} left no artifact {sha256[:12]}….",
            hint=f"See /api/v1/runs/{run_id}/artifacts.",
        )
    row: ArtifactTable = found.ArtifactTable
    path = artifact_path(data, row.path)
    if not path.is_file() or path.stat().st_size != row.n_bytes:
        raise NotFoundError(
            f"The file of artifact {sha256[:12]}… was pruned or is not what the run wrote.",
            hint="Run `patchclamp db check`, and sweep again where it finds damage.",
        )
    return ArtifactFile(
        path=path,
        name=f"run-{run_id}-{row.kind}-{found.site}-{row.split.replace(':', '-')}",
        dtype=row.dtype,
        shape=tuple(row.shape),
        n_bytes=row.n_bytes,
        sha256=row.sha256,
    )
