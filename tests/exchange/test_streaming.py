"""A million explanations take no more memory than a few thousand: nothing is read far ahead."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from sqlalchemy import Engine, event

from app.exchange import parquet
from app.exchange.formats import TABLES
from app.store.engine import open_session
from app.store.portable import ExplanationRecord
from app.store.queries import exporting
from app.store.queries.exporting import find_chosen, read_all
from tests.exchange.stores import explain, text_row


def records(engine: Engine, taken: list[int]) -> Iterator[ExplanationRecord]:
    """Without end, and counted."""
    with open_session(engine) as session:
        chosen = find_chosen(session, model="toy")
    one = next(read_all(engine, chosen))
    while True:
        taken[0] += 1
        yield replace(one, id=taken[0])


@pytest.mark.parametrize("form", TABLES)
def test_a_table_is_written_as_its_rows_come(explained: Engine, form: str) -> None:
    taken = [0]
    parts = TABLES[form].encode(records(explained, taken))
    n_bytes = sum(map(len, islice(parts, 3)))
    assert n_bytes > 0
    assert taken[0] <= 3 * parquet.GROUP
    before = taken[0]
    next(parts)
    assert taken[0] - before <= parquet.GROUP


def test_rows_are_read_a_few_at_a_time(one_store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many of one unit too: the next ones are found by unit and id together."""
    monkeypatch.setattr(exporting, "AT_ONCE", 4)
    monkeypatch.setattr(exporting, "NEXT", exporting.NEXT.limit(4))
    explain(one_store, "mlp.0", "rules", [text_row(n // 10, f"{n:02d}") for n in range(30)])
    with open_session(one_store) as session:
        chosen = find_chosen(session, model="toy")
    asked: list[str] = []
    event.listen(one_store, "before_cursor_execute", lambda *given: asked.append(given[2]))
    rows = read_all(one_store, chosen)
    assert [row.text for row in islice(rows, 6)] == [f"{n:02d}" for n in range(6)]
    n_reads = sum("FROM explanations" in statement for statement in asked)
    assert n_reads == 2
    assert [row.text for row in rows] == [f"{n:02d}" for n in range(6, 30)]
