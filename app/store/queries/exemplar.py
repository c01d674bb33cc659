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
from app.store.fetching import fetch
from app.store.locating import Place, Subject, check_index, check_split, locate_site
from app.store.packing import BOTTOM, FIRST_INTERVAL, RANDOM, TOP, unpack
from app.store.paging import check_limit
from app.store.queries.model import check_choice, vocabulary_of
from app.store.queries.unit import EXEMPLAR_KINDS
from app.store.reading import finite_or_none, texts
from app.store.tables import (
    AttentionPatternTable,
    DocumentTable,
    ExemplarTable,
    WindowTable,
)
from app.store.views.unit import AttentionView, ExemplarsView, ExemplarView, IntervalView

LARGEST = 1024


def _where_unit(table: Any) -> tuple[Any, ...]:  # noqa: ANN401 (any table of units)
    names = ("run_id", "site_id", "unit_index", "split")
    return tuple(getattr(table, name) == bindparam(name) for name in names)


EXEMPLARS = select(
    ExemplarTable.groups,
    ExemplarTable.edges,
    ExemplarTable.counts,
    ExemplarTable.windows,
    ExemplarTable.peaks,
    ExemplarTable.peak_positions,
    ExemplarTable.activations,
).where(*_where_unit(ExemplarTable))
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


@dataclass(frozen=True)
class _Columns:
    """All kept windows of a unit in one split."""

    groups: NDArray[np.uint8]
    windows: NDArray[np.uint32]
    peaks: NDArray[np.float32]
    positions: NDArray[np.uint16]
    activations: NDArray[np.float16]
    """[window, position]"""
    intervals: list[IntervalView]


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
    rows = fetch(
        session,
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
    """By kind; kinds of which nothing is kept are left out."""
    key = {
        "run_id": place.run_id,
        "site_id": place.site_id,
        "unit_index": index,
        "split": split,
    }
    row = fetch(session, EXEMPLARS, key).one_or_none()
    if row is None:
        return {}
    patterns: dict[str, Any] = {}
    if place.kind == "attn":
        one = {"kind": next(iter(limits))} if len(limits) == 1 else {}
        rows = fetch(session, PATTERNS_OF_KIND if one else PATTERNS, key | one)
        patterns = {row.kind: row for row in rows}
    groups = unpack(row.groups, np.uint8)
    columns = _Columns(
        groups=groups,
        windows=unpack(row.windows, np.uint32),
        peaks=unpack(row.peaks, np.float32).copy(),
        positions=unpack(row.peak_positions, np.uint16).copy(),
        activations=unpack(row.activations, np.float16, len(groups), -1)
        if len(groups)
        else np.empty((0, 0), np.float16),
        intervals=_intervals(row),
    )
    if "random" in limits and place.kind == "mlp":
        _sign_random_peaks(columns, place.parameters.get("counted_from", 0))
    return {
        kind: _choose(columns, there, patterns.get(kind), limits[kind], per_interval)
        for kind in limits
        if len(there := np.flatnonzero(_of_kind(groups, kind)))
    }


def _sign_random_peaks(columns: _Columns, first: int) -> None:
    """Where a random window falls lower than it rises, its peak is the lowest activation.

    Neurons with both signs do; that value is the float16 kept with the window.
    """
    rows = np.flatnonzero(columns.groups == RANDOM)
    counted = columns.activations[rows, first:].astype(np.float32)
    counted[~np.isfinite(counted)] = np.inf
    if not counted.size:
        return
    lowest, at = counted.min(1), counted.argmin(1)
    deeper = np.isfinite(lowest) & (-lowest > np.abs(columns.peaks[rows]))
    columns.peaks[rows[deeper]] = lowest[deeper]
    columns.positions[rows[deeper]] = at[deeper] + first


def _of_kind(groups: NDArray[np.uint8], kind: str) -> NDArray[np.bool_]:
    first = {"top": TOP, "bottom": BOTTOM, "random": RANDOM, "interval": FIRST_INTERVAL}[kind]
    end = np.inf if kind == "interval" else first + 1
    return np.logical_and(groups >= first, groups < end)


def _choose(
    columns: _Columns,
    there: NDArray[np.intp],
    pattern: Any,  # noqa: ANN401 (a row of packed columns, or None)
    limit: int | None,
    per_interval: int | None,
) -> _Kept:
    """Of the windows of one kind, which stand at `there`, those asked for."""
    groups, n = columns.groups[there], len(there)
    of_interval = groups[0] >= FIRST_INTERVAL
    chosen = np.arange(n)
    if of_interval and per_interval is not None:
        chosen = _first_of_each(groups, per_interval)
    chosen = chosen[:limit]
    attention: list[AttentionView | None] = [None] * len(chosen)
    if pattern is not None:
        shape = (n, -1, pattern.n_sources)
        attention = [
            AttentionView(sources=sources, weights=weights)
            for sources, weights in zip(
                unpack(pattern.sources, np.uint16, *shape)[chosen].tolist(),
                unpack(pattern.weights, np.float16, *shape)[chosen].tolist(),
                strict=True,
            )
        ]
    places = there[chosen]
    return _Kept(
        n=n,
        windows=columns.windows[places].tolist(),
        activations=finite_or_none(columns.activations[places]),
        peaks=columns.peaks[places].tolist(),
        positions=columns.positions[places].tolist(),
        intervals=[columns.intervals[group - FIRST_INTERVAL] for group in groups[chosen].tolist()]
        if of_interval
        else [None] * len(chosen),
        attention=attention,
    )


def _first_of_each(interval_of: NDArray[np.uint8], n: int) -> NDArray[np.intp]:
    """The places of the first `n` of each interval, in the order kept."""
    places = [np.flatnonzero(interval_of == number)[:n] for number in np.unique(interval_of)]
    return np.sort(np.concatenate([np.arange(0), *places]))


def _intervals(row: Any) -> list[IntervalView]:  # noqa: ANN401 (a row of packed columns)
    """All intervals of the unit, rising; none where nothing is drawn from them."""
    if not row.counts:
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
            ExemplarView.of_ours(
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
