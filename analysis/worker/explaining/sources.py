"""What explaining reads: the pools of a sweep, its windows, and each unit's top windows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.corpora.windows import Windows
from analysis.explain.texts import PoolWindows, UnitTops
from analysis.score.units import TopWindows
from analysis.sweep.pool import read_pool
from app.errors import NotFoundError
from app.store.packing import TOP, unpack
from app.store.queries.pool import artifact_path
from app.store.tables import ArtifactTable, DocumentTable, ExemplarTable, SiteTable


@dataclass(frozen=True)
class PoolFile:
    """One split's pool of one site."""

    path: Path
    shape: tuple[int, int, int]
    numbers: tuple[int, ...]


Pools = Mapping[str, Mapping[str, PoolFile]]
"""By site, then split."""


def stored_pools(session: Session, run_id: int, data: Path) -> dict[str, dict[str, PoolFile]]:
    """Of a finished sweep. Raises NotFoundError where none is left."""
    rows = session.execute(
        select(SiteTable.name, ArtifactTable)
        .join(SiteTable, SiteTable.id == ArtifactTable.site_id)
        .where(ArtifactTable.run_id == run_id, ArtifactTable.kind == "pool")
        .order_by(SiteTable.id)
    )
    pools: dict[str, dict[str, PoolFile]] = {}
    for site, artifact in rows:
        path = artifact_path(data, artifact.path)
        if path.is_file():
            units, windows, length = artifact.shape
            pools.setdefault(site, {})[artifact.split] = PoolFile(
                path, (units, windows, length), tuple(artifact.window_numbers)
            )
    if not pools:
        raise NotFoundError(
            f"Run {run_id} has no pools, and explaining reads them.",
            hint="Sweep again with a `pool` above 0; `patchclamp pools prune` removes pools.",
        )
    return pools


def read_units(
    pools: Mapping[str, PoolFile], units: Sequence[int]
) -> dict[str, Float32[ndarray, "unit window pos"]]:
    """Every activation of these units, by split."""
    return {
        split: np.asarray(read_pool(pool.path, pool.shape)[list(units)], np.float32)
        for split, pool in pools.items()
    }


def pool_windows(
    windows: Windows, pools: Mapping[str, PoolFile], first_of_group: Mapping[int, int]
) -> dict[str, PoolWindows]:
    """The text of each split's pool."""
    return {
        split: windows_of(windows, pool.numbers, pool.shape[2], first_of_group)
        for split, pool in pools.items()
    }


def windows_of(
    windows: Windows, numbers: Sequence[int], length: int, first_of_group: Mapping[int, int]
) -> PoolWindows:
    chosen = np.array(numbers, np.int64)
    tokens, lengths = windows.batch(chosen)
    tokens = np.pad(tokens, ((0, 0), (0, length - tokens.shape[1])))
    documents = [first_of_group.get(d, d) for d in windows.documents[chosen].tolist()]
    return PoolWindows(tokens, lengths, np.array(documents, np.int64), chosen)


def first_of_groups(session: Session, corpus_id: int) -> dict[int, int]:
    """For documents of a group (a book, a speaker), the number of its first document."""
    rows = session.execute(
        select(DocumentTable.number, DocumentTable.group)
        .where(DocumentTable.corpus_id == corpus_id, DocumentTable.group != "")
        .order_by(DocumentTable.number)
    )
    firsts: dict[str, int] = {}
    return {number: firsts.setdefault(group, number) for number, group in rows}


def read_tops(
    session: Session,
    *,
    run_id: int,
    site_id: int,
    units: Sequence[int],
    splits: Sequence[str],
    windows: Windows,
    first_of_group: Mapping[int, int],
) -> dict[str, list[UnitTops | None]]:
    """The windows that make each unit fire most, of splits whose exemplars are stored."""
    place = {unit: at for at, unit in enumerate(units)}
    tops: dict[str, list[UnitTops | None]] = {}
    for unit, split, groups, numbers, actual in _stored(session, run_id, site_id, units, splits):
        chosen = groups == TOP
        if chosen.any():
            found = _windows(windows, numbers[chosen], actual[chosen], first_of_group)
            tops.setdefault(split, [None] * len(units))[place[unit]] = found
    return tops


def read_exemplars(
    session: Session,
    *,
    run_id: int,
    site_id: int,
    units: Sequence[int],
    split: str,
    windows: Windows,
    first_of_group: Mapping[int, int],
    but: Sequence[int],
) -> list[UnitTops | None]:
    """All windows that are kept for each unit, once each, without those numbered `but`."""
    found: dict[int, UnitTops] = {}
    for unit, _, _, numbers, actual in _stored(session, run_id, site_id, units, [split]):
        _, first = np.unique(numbers, return_index=True)
        chosen = first[~np.isin(numbers[first], but)]
        if len(chosen):
            found[unit] = _windows(windows, numbers[chosen], actual[chosen], first_of_group)
    return [found.get(unit) for unit in units]


def _stored(
    session: Session, run_id: int, site_id: int, units: Sequence[int], splits: Sequence[str]
) -> Iterator[tuple[int, str, ndarray, ndarray, ndarray]]:
    """Unit, split, and of each window its group, number and activations [window, pos]."""
    table = ExemplarTable
    rows = session.execute(
        select(table.unit_index, table.split, table.groups, table.windows, table.activations).where(
            table.run_id == run_id,
            table.site_id == site_id,
            table.unit_index.in_(list(units)),
            table.split.in_(list(splits)),
        )
    )
    for unit, split, groups, numbers, activations in rows:
        kinds = unpack(groups, np.uint8)
        if len(kinds):
            actual = unpack(activations, np.float16, len(kinds), -1).astype(np.float32)
            yield unit, split, kinds, unpack(numbers, np.uint32).astype(np.int64), actual


def _windows(
    windows: Windows, numbers: ndarray, actual: ndarray, first_of_group: Mapping[int, int]
) -> UnitTops:
    text = windows_of(windows, numbers.tolist(), actual.shape[1], first_of_group)
    return UnitTops(text.tokens, TopWindows(actual, text.lengths, text.documents))
