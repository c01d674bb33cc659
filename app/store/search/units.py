"""Makes units findable by their tokens: where they peak, and what they promote and suppress.

Called by whoever wrote the exemplars or output sides of a site; doing it again replaces.
"""

import json
from collections import Counter
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, delete, select

from app.store.numbering import new_ids
from app.store.packing import TOP, unpack, unpack_vocabulary
from app.store.search import index
from app.store.search.keys import unit_key
from app.store.search.words import joined, words_of_token
from app.store.tables import (
    Base,
    ExemplarTable,
    OutputSideTable,
    RunTable,
    UnitTokensTable,
    VocabularyTable,
    WindowTable,
)
from app.store.writing import insert_rows

SPLIT: Final = "fit"
BATCH: Final = 500
TABLE: Final = Base.metadata.tables["unit_tokens"]
COLUMNS: Final = (
    "id", "run_id", "site_id", "unit_index", "search_key", "peaks", "promoted", "suppressed",
)  # fmt: skip


def index_units(connection: Connection, *, run_id: int, site_id: int) -> int:
    """How many units of the site can now be found by the tokens of this sweep."""
    model_id, window_set_id = connection.execute(
        select(RunTable.model_id, RunTable.window_set_id).where(RunTable.id == run_id)
    ).one()
    if window_set_id is None:
        return 0
    texts, output_texts = _vocabularies(connection, model_id)
    peaks = _peaks(connection, run_id, site_id, window_set_id, texts)
    outputs = _outputs(connection, run_id, site_id, output_texts)
    units = sorted(peaks.keys() | outputs.keys())
    _take_out(connection, run_id, site_id)
    facets = (
        index.facet_of_model(model_id), index.facet_of_site(site_id), index.facet_of_run(run_id),
    )  # fmt: skip
    rows, entries = [], []
    for number, unit in zip(new_ids(connection, TABLE.name, len(units)), units, strict=True):
        counted = peaks.get(unit, Counter())
        promoted, suppressed = outputs.get(unit, ([], []))
        share = max(counted.values()) / counted.total() if counted else 0.0
        key = unit_key(number, share)
        different = [token for token, _ in counted.most_common()]
        rows.append((
            number, run_id, site_id, unit, key,
            *(json.dumps(tokens) for tokens in (different, promoted, suppressed)),
        ))  # fmt: skip
        entries.append(
            index.Entry(key, (_words(different), _words([*promoted, *suppressed])), facets)
        )
    insert_rows(connection, TABLE, COLUMNS, rows)
    index.put(connection, index.UNITS, entries)
    return len(rows)


def _words(tokens: list[str]) -> str:
    return joined(word for token in tokens for word in words_of_token(token))


def _vocabularies(connection: Connection, model_id: int) -> tuple[list[str], list[str]]:
    row = connection.execute(
        select(VocabularyTable.tokens, VocabularyTable.output_tokens).where(
            VocabularyTable.model_id == model_id
        )
    ).one_or_none()
    if row is None:
        return [], []
    texts = unpack_vocabulary(row.tokens)
    return texts, texts if row.output_tokens is None else unpack_vocabulary(row.output_tokens)


def _peaks(
    connection: Connection, run_id: int, site_id: int, window_set_id: int, texts: list[str]
) -> dict[int, Counter[str]]:
    """Of each unit, how many of its top exemplars peak at which token."""
    table = ExemplarTable
    rows = connection.execute(
        select(table.unit_index, table.groups, table.windows, table.peak_positions).where(
            table.run_id == run_id, table.site_id == site_id, table.split == SPLIT
        )
    ).all()
    places = {row.unit_index: _top(row) for row in rows}
    wanted = sorted({window for pairs in places.values() for window, _ in pairs})
    tokens: dict[int, Any] = {}
    for start in range(0, len(wanted), BATCH):
        query = select(WindowTable.number, WindowTable.tokens).where(
            WindowTable.window_set_id == window_set_id,
            WindowTable.number.in_(wanted[start : start + BATCH]),
        )
        tokens |= {row.number: unpack(row.tokens, np.uint32) for row in connection.execute(query)}
    return {
        unit: Counter(
            texts[token]
            for window, position in pairs
            if window in tokens
            and position < len(tokens[window])
            and (token := int(tokens[window][position])) < len(texts)
        )
        for unit, pairs in places.items()
    }


def _top(row: Row[*tuple[Any, ...]]) -> list[tuple[int, int]]:
    """(window, position) of the peaks of the top exemplars."""
    top = unpack(row.groups, np.uint8) == TOP
    windows = unpack(row.windows, np.uint32)[top].tolist()
    return list(zip(windows, unpack(row.peak_positions, np.uint16)[top].tolist(), strict=True))


def _outputs(
    connection: Connection, run_id: int, site_id: int, texts: list[str]
) -> dict[int, tuple[list[str], list[str]]]:
    """Of each unit, the tokens that it promotes and suppresses most, by logit."""
    newest = (
        select(RunTable.id)
        .where(RunTable.of_run_id == run_id, RunTable.kind == "output")
        .order_by(RunTable.id)
    )
    found: dict[int, tuple[list[str], list[str]]] = {}
    for output_run in connection.scalars(newest):
        rows = connection.execute(
            select(OutputSideTable.unit_index, OutputSideTable.tokens).where(
                OutputSideTable.run_id == output_run, OutputSideTable.site_id == site_id
            )
        )
        for unit, packed in rows:
            ids = unpack(packed, np.uint32).tolist()
            n = len(ids) // 4
            named = [texts[token] for token in ids[: 2 * n] if token < len(texts)]
            found[unit] = (named[:n], named[n:])
    return found


def _take_out(connection: Connection, run_id: int, site_id: int) -> None:
    """The index forgets deleted rows by itself; in order of keys it does so faster."""
    table = UnitTokensTable
    mine = (table.run_id == run_id) & (table.site_id == site_id)
    keys = list(connection.scalars(select(table.search_key).where(mine)))
    index.take_out(connection, index.UNITS, keys)
    connection.execute(delete(table).where(mine))
