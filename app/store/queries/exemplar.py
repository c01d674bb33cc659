"""A unit's exemplars: the kept windows as tokens, with exact values and where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.errors import UnavailableError
from app.store.locating import Place, Subject, check_index, check_split, locate_site
from app.store.packing import unpack
from app.store.paging import check_limit
from app.store.queries.model import check_choice, vocabulary_of
from app.store.queries.unit import EXEMPLAR_KINDS
from app.store.reading import finite_or_none, texts
from app.store.tables import (
    AttentionPatternTable,
    DocumentTable,
    ExemplarTable,
    UnitIntervalTable,
    WindowTable,
)
from app.store.views.unit import AttentionView, ExemplarsView, ExemplarView, IntervalView

LARGEST = 1024


def _where_unit(table: Any) -> tuple[Any, ...]:  # noqa: ANN401 (any table of units)
    names = ("run_id", "site_id", "unit_index", "split")
    return tuple(getattr(table, name) == bindparam(name) for name in names)


EXEMPLARS = select(
    ExemplarTable.kind,
    ExemplarTable.windows,
    ExemplarTable.peaks,
    ExemplarTable.peak_positions,
    ExemplarTable.intervals,
    ExemplarTable.activations,
).where(*_where_unit(ExemplarTable))
EXEMPLARS_OF_KIND = EXEMPLARS.where(ExemplarTable.kind == bindparam("kind"))
INTERVALS = select(UnitIntervalTable.edges, UnitIntervalTable.counts).where(
    *_where_unit(UnitIntervalTable)
)
PATTERNS = select(
    AttentionPatternTable.kind,
    AttentionPatternTable.n_sources,
    AttentionPatternTable.sources,
    AttentionPatternTable.weights,
).where(*_where_unit(AttentionPatternTable))
PATTERNS_OF_KIND = PATTERNS.where(AttentionPatternTable.kind == bindparam("kind"))
WINDOWS = (
    select(
        WindowTable.number,
        WindowTable.document,
        WindowTable.split,
        WindowTable.start,
        WindowTable.tokens,
        DocumentTable.title,
        DocumentTable.domain,
        DocumentTable.origin,
    )
    .join(DocumentTable, DocumentTable.number == WindowTable.document)
    .where(
        WindowTable.window_set_id == bindparam("window_set_id"),
        WindowTable.number.in_(bindparam("numbers", expanding=True)),
        DocumentTable.corpus_id == bindparam("corpus_id"),
    )
)


@dataclass(frozen=True)
class WindowText:
    document: int
    title: str
    domain: str
    origin: str
    split: str
    start: int
    token_ids: list[int]


@dataclass(frozen=True)
class _Kept:
    """The chosen ones of a unit's kept windows of one kind, in columns of equal length."""

    n: int
    """Of all that are kept; the columns may be shorter."""
    windows: list[int]
    activations: list[list[float | None]]
    peaks: list[float]
    positions: list[int]
    intervals: list[IntervalView | None]
    attention: list[AttentionView | None]


def get_exemplars(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    kind: str,
    split: str = "fit",
    run_id: int | None = None,
    limit: int | None = None,
) -> ExemplarsView:
    """Best first (top, bottom), by rising interval, or in random order; empty if none is kept."""
    check_choice("kind of exemplars", kind, EXEMPLAR_KINDS)
    if limit is not None:
        check_limit(limit, LARGEST)
    found = list_exemplars(
        session,
        model=model,
        site=site,
        index=index,
        limits={kind: limit},
        split=split,
        run_id=run_id,
    )
    return found[kind]


def list_exemplars(
    session: Session,
    *,
    model: str,
    site: str,
    index: int,
    limits: Mapping[str, int | None],
    per_interval: int | None = None,
    split: str = "fit",
    run_id: int | None = None,
) -> dict[str, ExemplarsView]:
    """Several kinds at once, in a fixed number of reads: the first of each, in the order asked for.

    `per_interval` takes so many of each interval, before the limit of the kind `interval` counts.
    """
    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_index(place, index)
    check_split(place, split)
    kept = _read_kept(session, place, index, split, limits, per_interval)
    numbers = [number for one in kept.values() for number in one.windows]
    windows = read_windows(session, place, numbers) if numbers else {}
    vocabulary = (
        vocabulary_of(session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256)
        if numbers
        else []
    )
    return {
        kind: ExemplarsView(
            model=place.model,
            site=place.site,
            index=index,
            run_id=place.run_id,
            split=split,
            kind=kind,
            n_kept=kept[kind].n if kind in kept else 0,
            items=_items(kept[kind], windows, vocabulary) if kind in kept else [],
        )
        for kind in limits
    }


def read_windows(session: Session, subject: Subject, numbers: list[int]) -> dict[int, WindowText]:
    """The windows of the run by number. Raises UnavailableError where one is not stored."""
    wanted = sorted(set(numbers))
    rows = session.execute(
        WINDOWS,
        {
            "window_set_id": subject.window_set_id,
            "corpus_id": subject.corpus_id,
            "numbers": wanted,
        },
    )
    found = {
        row.number: WindowText(
            document=row.document,
            title=row.title,
            domain=row.domain,
            origin=row.origin,
            split=row.split,
            start=row.start,
            token_ids=unpack(row.tokens, np.uint32).tolist(),
        )
        for row in rows
    }
    missing = [number for number in wanted if number not in found]
    if missing:
        raise UnavailableError(
            f"Window {missing[0]}, which run {subject.run_id} refers to, is not stored.",
            hint="Run `patchclamp db check`, and sweep again where it finds damage.",
        )
    return found


def _read_kept(
    session: Session,
    place: Place,
    index: int,
    split: str,
    limits: Mapping[str, int | None],
    per_interval: int | None,
) -> dict[str, _Kept]:
    """By kind; kinds without a row are left out."""
    key = {
        "run_id": place.run_id,
        "site_id": place.site_id,
        "unit_index": index,
        "split": split,
    }
    one = {"kind": next(iter(limits))} if len(limits) == 1 else {}
    rows = session.execute(EXEMPLARS_OF_KIND if one else EXEMPLARS, key | one)
    found = {row.kind: row for row in rows if row.kind in limits}
    patterns: dict[str, Any] = {}
    if place.kind == "attn" and found:
        rows = session.execute(PATTERNS_OF_KIND if one else PATTERNS, key | one)
        patterns = {row.kind: row for row in rows}
    intervals: list[IntervalView] = []
    if any(row.intervals is not None for row in found.values()):
        intervals = _intervals(session.execute(INTERVALS, key).one_or_none())
    return {
        kind: _unpack(row, patterns.get(kind), intervals, limits[kind], per_interval)
        for kind, row in found.items()
    }


def _unpack(
    row: Any,  # noqa: ANN401 (a row of packed columns)
    pattern: Any,  # noqa: ANN401 (the same, or None)
    intervals: list[IntervalView],
    limit: int | None,
    per_interval: int | None,
) -> _Kept:
    numbers = unpack(row.windows, np.uint32)
    n = len(numbers)
    interval_of = None if row.intervals is None else unpack(row.intervals, np.uint8)
    chosen = np.arange(n)
    if interval_of is not None and per_interval is not None:
        chosen = _first_of_each(interval_of, per_interval)
    chosen = chosen[:limit]
    attention: list[AttentionView | None] = [None] * len(chosen)
    if pattern is not None and n:
        shape = (n, -1, pattern.n_sources)
        attention = [
            AttentionView(sources=sources, weights=weights)
            for sources, weights in zip(
                unpack(pattern.sources, np.uint16, *shape)[chosen].tolist(),
                unpack(pattern.weights, np.float16, *shape)[chosen].tolist(),
                strict=True,
            )
        ]
    return _Kept(
        n=n,
        windows=numbers[chosen].tolist(),
        activations=finite_or_none(unpack(row.activations, np.float16, n, -1)[chosen]) if n else [],
        peaks=unpack(row.peaks, np.float32)[chosen].tolist(),
        positions=unpack(row.peak_positions, np.uint16)[chosen].tolist(),
        intervals=[intervals[i] for i in interval_of[chosen].tolist()]
        if interval_of is not None and intervals
        else [None] * len(chosen),
        attention=attention,
    )


def _first_of_each(interval_of: NDArray[np.uint8], n: int) -> NDArray[np.intp]:
    """The places of the first `n` of each interval, in the order kept."""
    places = [np.flatnonzero(interval_of == number)[:n] for number in np.unique(interval_of)]
    return np.sort(np.concatenate([np.arange(0), *places]))


def _intervals(row: Any) -> list[IntervalView]:  # noqa: ANN401 (a row of packed columns, or None)
    """All intervals of the unit, rising; none where they are not stored."""
    if row is None:
        return []
    edges: list[float | None] = [None, *unpack(row.edges, np.float32).tolist(), None]
    counts = unpack(row.counts, np.uint32).tolist()
    total = sum(counts) or 1
    return [
        IntervalView(low=low, high=high, share=count / total)
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
    ]


def _items(
    kept: _Kept, windows: dict[int, WindowText], vocabulary: list[str]
) -> list[ExemplarView]:
    items = []
    for i, number in enumerate(kept.windows):
        window = windows[number]
        items.append(
            ExemplarView(
                window=number,
                document=window.document,
                document_title=window.title,
                domain=window.domain,
                origin=window.origin,
                split=window.split,
                start=window.start,
                tokens=texts(vocabulary, window.token_ids),
                token_ids=window.token_ids,
                activations=kept.activations[i],
                peak=kept.peaks[i],
                peak_position=kept.positions[i],
                interval=kept.intervals[i],
                attention=kept.attention[i],
            )
        )
    return items
