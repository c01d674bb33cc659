"""A unit's pool: every activation on the randomly chosen windows of a split.

A pool file is float16 [units, windows, window_length], little-endian, without a header: one unit
is one contiguous read.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError, UnavailableError
from app.store.locating import Place, check_index, check_split, locate_site
from app.store.queries.exemplar import read_windows
from app.store.queries.model import vocabulary_of
from app.store.reading import finite_or_none, texts
from app.store.tables import ArtifactTable, RunTable
from app.store.views.unit import PoolView


def get_pool(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    split: str,
    data: Path,
    run_id: int | None = None,
) -> PoolView:
    """Raises NotFoundError where the run kept no pool or its file was pruned."""
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
    values = _read_unit(session, place, artifact, data, index)
    windows = read_windows(session, place, artifact.window_numbers)
    vocabulary = vocabulary_of(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    return PoolView(
        model=place.model,
        site=place.site,
        index=index,
        run_id=place.run_id,
        split=split,
        windows=artifact.window_numbers,
        documents=[windows[number].document for number in artifact.window_numbers],
        tokens=[texts(vocabulary, windows[n].token_ids) for n in artifact.window_numbers],
        activations=finite_or_none(values),
        counted_from=place.parameters.get("counted_from", 1),
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


def _read_unit(
    session: Session, place: Place, artifact: ArtifactTable, data: Path, index: int
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
    return np.array(pool[index])


def _command(session: Session, run_id: int) -> str:
    return session.scalar(select(RunTable.command).filter_by(id=run_id)) or "patchclamp sweep"
