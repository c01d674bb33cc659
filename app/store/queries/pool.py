"""A unit's pool: every activation on the randomly chosen windows of a split.

A pool file is float16 [units, windows, window_length], little-endian, without a header: one unit
is one contiguous read. Long pools are read in pages, of which a cursor names the first window.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError, UnavailableError
from app.store.locating import Place, check_index, check_split, locate_site
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.queries.exemplar import read_windows
from app.store.queries.model import vocabulary_of
from app.store.reading import finite_or_none, texts
from app.store.tables import ArtifactTable, RunTable
from app.store.views.unit import PoolView

SORT = "pool"
LARGEST_PAGE = 1024
VALUES_AT_ONCE = 2**18
"""A page holds no more activations than this, however long windows are."""


def get_pool(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    split: str,
    data: Path,
    run_id: int | None = None,
    limit: int = LARGEST_PAGE,
    cursor: str | None = None,
) -> PoolView:
    """At most `limit` windows, and fewer where windows are long; `next_cursor` leads to the rest.

    Raises NotFoundError where the run kept no pool or its file was pruned.
    """
    check_limit(limit, LARGEST_PAGE)
    first = 0 if cursor is None else read_cursor(cursor, SORT)[1]
    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_index(place, index)
    check_split(place, split)
    artifact = session.scalars(
        select(ArtifactTable).filter_by(
            run_id=place.run_id, kind="pool", site_id=place.site_id, split=split
        )
    ).one_or_none()
    if artifact is None:
        raise NotFoundError(
            f"Run {place.run_id} kept no pool of {place.site} on split {split}.",
            hint="Sweep again with a `pool` above 0 for this split: "
            f"`{_command(session, place.run_id)}`.",
        )
    most = min(limit, max(1, VALUES_AT_ONCE // artifact.shape[2]))
    page = slice(first, first + most)
    values = read_unit(session, place, artifact, data, index, page)
    numbers = artifact.window_numbers[page]
    windows = read_windows(session, place, numbers)
    vocabulary = vocabulary_of(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    return PoolView(
        model=place.model,
        site=place.site,
        index=index,
        run_id=place.run_id,
        split=split,
        n_windows=len(artifact.window_numbers),
        windows=numbers,
        documents=[windows[number].document for number in numbers],
        starts=[windows[number].start for number in numbers],
        tokens=[texts(vocabulary, windows[number].token_ids) for number in numbers],
        token_ids=[windows[number].token_ids for number in numbers],
        activations=finite_or_none(values),
        counted_from=place.parameters.get("counted_from", 1),
        next_cursor=(
            write_cursor(SORT, None, page.stop)
            if page.stop < len(artifact.window_numbers)
            else None
        ),
    )


def artifact_path(data: Path, path: str) -> Path:
    """The file under the data folder; raises UnavailableError where `path` would leave it."""
    root = data.resolve()
    resolved = (root / path).resolve()
    if not resolved.is_relative_to(root):
        raise UnavailableError(
            f"The artifact path {path!r} leaves the data folder and was not read.",
            hint="Run `patchclamp db check`: the store was changed from outside.",
        )
    return resolved


def read_unit(
    session: Session, place: Place, artifact: ArtifactTable, data: Path, index: int, page: slice
) -> NDArray[np.float16]:
    path = artifact_path(data, artifact.path)
    if not path.is_file():
        raise NotFoundError(
            f"The pool of {place.site} on split {artifact.split} was pruned or moved away: "
            f"{artifact.path} is not in the data folder.",
            hint=f"Compute it again: `{_command(session, place.run_id)}`.",
        )
    n_units, n_windows, length = artifact.shape
    expected = n_units * n_windows * length * np.dtype(np.float16).itemsize
    if artifact.dtype != "float16" or path.stat().st_size != expected or index >= n_units:
        raise UnavailableError(
            f"The pool file {artifact.path} is not what the run wrote.",
            hint="Run `patchclamp db check --deep`, and sweep again where it finds damage.",
        )
    pool = np.memmap(path, dtype="<f2", mode="r", shape=(n_units, n_windows, length))
    return np.array(pool[index, page])


def _command(session: Session, run_id: int) -> str:
    return session.scalar(select(RunTable.command).filter_by(id=run_id)) or "patchclamp sweep"
