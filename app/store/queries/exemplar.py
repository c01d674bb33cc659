"""A unit's exemplars: the kept windows as tokens, with exact values and where they come from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
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
    ExemplarTable.windows,
    ExemplarTable.peaks,
    ExemplarTable.peak_positions,
    ExemplarTable.intervals,
    ExemplarTable.activations,
).where(*_where_unit(ExemplarTable), ExemplarTable.kind == bindparam("kind"))
INTERVALS = select(UnitIntervalTable.edges, UnitIntervalTable.counts).where(
    *_where_unit(UnitIntervalTable)
)
PATTERNS = select(
    AttentionPatternTable.n_sources,
    AttentionPatternTable.sources,
    AttentionPatternTable.weights,
).where(*_where_unit(AttentionPatternTable), AttentionPatternTable.kind == bindparam("kind"))
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
    place = locate_site(session, model=model, site=site, run_id=run_id)
    check_index(place, index)
    check_split(place, split)
    row = session.execute(EXEMPLARS, _key(place, index, split, kind)).one_or_none()
    items = [] if row is None else _items(session, place, index, split, kind, row, limit)
    return ExemplarsView(
        model=place.model,
        site=place.site,
        index=index,
        run_id=place.run_id,
        split=split,
        kind=kind,
        items=items,
    )


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


def _items(
    session: Session,
    place: Place,
    index: int,
    split: str,
    kind: str,
    row: Any,  # noqa: ANN401 (a row of the five packed columns)
    limit: int | None,
) -> list[ExemplarView]:
    numbers = unpack(row.windows, np.uint32).tolist()
    n = len(numbers)
    if n == 0:
        return []
    activations = finite_or_none(unpack(row.activations, np.float16, n, -1)[:limit])
    peaks = unpack(row.peaks, np.float32).tolist()
    positions = unpack(row.peak_positions, np.uint16).tolist()
    intervals = _intervals(session, place, index, split, row.intervals, n)
    attention = _attention(session, place, index, split, kind, n, limit)
    windows = read_windows(session, place, numbers[:limit])
    vocabulary = vocabulary_of(
        session, model_id=place.model_id, tokenizer_sha256=place.tokenizer_sha256
    )
    items = []
    for i, number in enumerate(numbers[:limit]):
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
                activations=activations[i],
                peak=peaks[i],
                peak_position=positions[i],
                interval=intervals[i],
                attention=attention[i],
            )
        )
    return items


def _intervals(
    session: Session, place: Place, index: int, split: str, numbers: bytes | None, n: int
) -> list[IntervalView | None]:
    """The interval of each exemplar; None for kinds that are not drawn by interval."""
    if numbers is None:
        return [None] * n
    row = session.execute(INTERVALS, _key(place, index, split)).one_or_none()
    if row is None:
        return [None] * n
    edges: list[float | None] = [None, *unpack(row.edges, np.float32).tolist(), None]
    counts = unpack(row.counts, np.uint32).tolist()
    total = sum(counts) or 1
    return [
        IntervalView(low=edges[i], high=edges[i + 1], share=counts[i] / total)
        for i in unpack(numbers, np.uint8).tolist()
    ]


def _attention(
    session: Session, place: Place, index: int, split: str, kind: str, n: int, limit: int | None
) -> list[AttentionView | None]:
    """Of the first `limit` of the `n` exemplars."""
    if place.kind != "attn":
        return [None] * n
    row = session.execute(PATTERNS, _key(place, index, split, kind)).one_or_none()
    if row is None:
        return [None] * n
    sources = unpack(row.sources, np.uint16, n, -1, row.n_sources)[:limit].tolist()
    weights = unpack(row.weights, np.float16, n, -1, row.n_sources)[:limit].tolist()
    return [
        AttentionView(sources=source, weights=weight)
        for source, weight in zip(sources, weights, strict=True)
    ]


def _key(place: Place, index: int, split: str, kind: str | None = None) -> dict[str, Any]:
    key = {
        "run_id": place.run_id,
        "site_id": place.site_id,
        "unit_index": index,
        "split": split,
    }
    return key if kind is None else {**key, "kind": kind}
