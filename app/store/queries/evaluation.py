"""A unit's pools as arrays, for whoever scores a program while somebody waits.

What all units of a run share (tokens, documents) is kept for the pools that were asked for last; a
unit's activations are one contiguous read.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.locating import Place, check_index, locate_site
from app.store.queries.exemplar import read_windows
from app.store.queries.model import vocabulary_of
from app.store.queries.pool import read_unit
from app.store.queries.token_space import TokenSpace, get_token_space
from app.store.tables import ArtifactTable, DocumentTable, ExplanationTable

KEPT: Final = 12
"""Pools whose texts stay in memory."""
CANDIDATES: Final = 32


@dataclass(frozen=True)
class PoolWindows:
    """The texts of one pool; the same for all units."""

    numbers: NDArray[np.int64]
    tokens: NDArray[np.int64]
    """[window, pos], 0 behind a window's end"""
    lengths: NDArray[np.int64]
    documents: NDArray[np.int64]
    """Numbers in the corpus."""
    groups: NDArray[np.int64]
    """What the bootstrap draws as one: the document, or the group that it is of."""
    titles: Sequence[str]
    starts: Sequence[int]


@dataclass(frozen=True)
class UnitPool:
    windows: PoolWindows
    actual: NDArray[np.float16]
    """[window, pos]"""


@dataclass(frozen=True)
class Evaluation:
    """One unit with everything that a program is scored on."""

    model: str
    site: str
    index: int
    run_id: int
    model_id: int
    tokenizer_sha256: str
    counted_from: int
    seed: int
    vocabulary: Sequence[str]
    space: TokenSpace | None
    pools: dict[str, UnitPool]
    """By split: fit, calibration, test, then held-out domains; those that the run kept."""
    other_program: str | None
    """Of another unit of the site, drawn by the index: the shuffled baseline."""


def read_evaluation(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    data: Path,
    run_id: int | None = None,
    splits: Sequence[str] | None = None,
) -> Evaluation:
    """All pools of the unit, or those of `splits`. Raises NotFoundError where one was pruned; where
    the run kept none, `pools` is empty."""
    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_index(place, index)
    query = select(ArtifactTable).filter_by(
        run_id=place.run_id, kind="pool", site_id=place.site_id
    )
    artifacts = {one.split: one for one in session.scalars(query) if one.split is not None}
    wanted = [split for split in place.splits if split in artifacts]
    if splits is not None:
        wanted = [split for split in wanted if split in splits]
    return Evaluation(
        model=place.model,
        site=place.site,
        index=index,
        run_id=place.run_id,
        model_id=place.model_id,
        tokenizer_sha256=place.tokenizer_sha256,
        counted_from=place.parameters.get("counted_from", 1),
        seed=place.parameters.get("seed", 0),
        vocabulary=vocabulary_of(
            session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
        ),
        space=get_token_space(
            session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
        ),
        pools={split: _read_pool(session, place, artifacts[split], index, data) for split in wanted},
        other_program=_other_program(session, place, index),
    )


def _read_pool(
    session: Session, place: Place, artifact: ArtifactTable, index: int, data: Path
) -> UnitPool:
    values = read_unit(session, place, artifact, data, index, slice(None))
    return UnitPool(_windows_of(session, place, artifact), values)


def _windows_of(session: Session, place: Place, artifact: ArtifactTable) -> PoolWindows:
    key = (session.get_bind().engine.url, artifact.id, artifact.sha256)
    with _lock:
        if key in _windows:
            _windows.move_to_end(key)
            return _windows[key]
    read = _read_windows(session, place, artifact)
    with _lock:
        _windows[key] = read
        while len(_windows) > KEPT:
            _windows.popitem(last=False)
    return read


def _read_windows(session: Session, place: Place, artifact: ArtifactTable) -> PoolWindows:
    numbers = artifact.window_numbers
    found = read_windows(session, place, numbers)
    windows = [found[number] for number in numbers]
    tokens = np.zeros((len(numbers), artifact.shape[2]), np.int64)
    for row, window in zip(tokens, windows, strict=True):
        row[: len(window.token_ids)] = window.token_ids[: len(row)]
    documents = [window.document for window in windows]
    groups = _groups(session, place, documents)
    return PoolWindows(
        numbers=np.array(numbers, np.int64),
        tokens=tokens,
        lengths=np.array([len(window.token_ids) for window in windows], np.int64),
        documents=np.array(documents, np.int64),
        groups=np.array([groups[document] for document in documents], np.int64),
        titles=[window.title for window in windows],
        starts=[window.start for window in windows],
    )


def _groups(session: Session, place: Place, documents: list[int]) -> dict[int, int]:
    """The first document of each document's group; its own number where it has none."""
    table = DocumentTable
    rows = session.execute(
        select(table.number, table.group)
        .where(table.corpus_id == place.corpus_id, table.number.in_(sorted({*documents})))
        .order_by(table.number)
    )
    firsts: dict[str, int] = {}
    return {
        number: firsts.setdefault(group, number) if group else number for number, group in rows
    }


def _other_program(session: Session, place: Place, index: int) -> str | None:
    table = ExplanationTable
    generator = np.random.default_rng((place.site_id, index))
    others = [n for n in generator.permutation(place.n_units)[:CANDIDATES].tolist() if n != index]
    rows = session.execute(
        select(table.unit_index, table.program).where(
            table.site_id == place.site_id, table.unit_index.in_(others),
            table.method == "rules", table.status == "current", table.program.is_not(None),
        )
    )  # fmt: skip
    found = {unit: program for unit, program in rows}
    return next((found[unit] for unit in others if unit in found), None)


_windows: OrderedDict[tuple[Any, int, str], PoolWindows] = OrderedDict()
_lock = Lock()
