"""Finds the keys of what has all the words: the first n in order of keys, and none of the others.

That order is the reason why common words are cheap. SQLite walks its lists of matches in order of
rowid and stops at n. PostgreSQL's GIN gives matches in no order, so the tiers of the best 2,000
rows are asked first. Where those have few matches, there are likely few in all, and all are read
and sorted; should there be very many, tiers are asked on, 20,000 rows and then 200,000.
"""

import time
from collections.abc import Sequence
from threading import Lock
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.search.asked import Asked
from app.store.search.index import COLUMNS, tier_of
from app.store.search.keys import ID_BITS, RANKS

Facets = Sequence[Sequence[str]]
"""One of each."""

END: Final = (2 * RANKS) << ID_BITS
"""Behind all keys."""
SMALL: Final = 20_000
"""Matches that PostgreSQL may read and sort where it was thought that they are few."""
MANY: Final = 2**31 - 2
FEW: Final = 20
"""Matches among the best rows from which few are expected in all."""
STEPS: Final = (2_000, 20_000, 200_000)
"""Rows after which the tiers end that are asked first."""
KEPT_SECONDS: Final = 300.0


def find_keys(
    session: Session,
    table: str,
    asked: Asked,
    *,
    facets: Facets = (),
    below: int = END,
    n: int,
    phrases: bool = True,
) -> list[int]:
    """Rising; `phrases` off: the words of a phrase may stand anywhere."""
    wanted = asked.phrases if phrases else tuple((word,) for word in asked.words)
    if not wanted:
        return []
    if session.get_bind().dialect.name == "sqlite":
        return _find_in_fts5(session, table, wanted, facets, below, n)
    return _find_in_gin(session, table, wanted, facets, below, n)


def _find_in_fts5(
    session: Session,
    table: str,
    wanted: Sequence[Sequence[str]],
    facets: Facets,
    below: int,
    n: int,
) -> list[int]:
    words = " AND ".join(f'"{" ".join(phrase)}"' for phrase in wanted)
    match = f"{{{' '.join(COLUMNS[table])}}} : ({words})"
    for some in facets:
        one_of = " OR ".join(f'"{facet}"' for facet in some)
        match += f" AND facets : ({one_of})"
    rows = fetch(session, FTS5[table], {"match": match, "below": below, "n": n})
    return [row[0] for row in rows]


def _find_in_gin(
    session: Session,
    table: str,
    wanted: Sequence[Sequence[str]],
    facets: Facets,
    below: int,
    n: int,
) -> list[int]:
    parts = ["(" + " <-> ".join(f"'{word}'" for word in phrase) + ")" for phrase in wanted]
    parts += ["(" + " | ".join(f"'@{facet}'" for facet in some) + ")" for some in facets]
    query = " & ".join(parts)
    transaction = session.connection().get_transaction()
    if session.info.get("planned") is not transaction:
        session.execute(PLANNING)  # it holds until the transaction ends
        session.info["planned"] = transaction

    def read(last: int | None, most: int = MANY) -> list[int] | None:
        """The first n of those up to a key; None where there are more than `most`."""
        tiers = "" if last is None else f" & ({_tiers(tier_of(min(last, below)))})"
        values = {"query": query + tiers, "below": below, "most": most + 1, "n": n}
        rows = fetch(session, GIN[table], values).all()
        return None if rows and rows[0].there > most else [row.key for row in rows]

    ends = _ends_of_steps(session, table)
    for step, last in enumerate(ends):
        keys = read(last) or []
        if len(keys) >= n or last >= below:
            return keys
        if step == 0 and len(keys) <= FEW and (everything := read(None, SMALL)) is not None:
            return everything
    return read(None) or []


def _tiers(last: int) -> str:
    return " | ".join(f"'@q{tier}'" for tier in range(last + 1))


def _ends_of_steps(session: Session, table: str) -> list[int]:
    """The keys at which the steps end; none for a table that is small. Looked up every few
    minutes: they decide how fast a search is, not what it finds."""
    engine = session.get_bind().engine
    known: dict[str, tuple[float, list[int]]] = _ends.setdefault(str(engine.url), {})
    with _lock:
        at, ends = known.get(table, (0.0, []))
        if known.get(table) and time.monotonic() - at < KEPT_SECONDS:
            return ends
    found = [session.execute(NTH[table], {"n": step}).scalar() for step in STEPS]
    ends = [key for key in found if key is not None]
    if len(ends) < 2:  # all that matches can be read and sorted
        ends = []
    with _lock:
        known[table] = (time.monotonic(), ends)
    return ends


_ends: dict[str, dict[str, tuple[float, list[int]]]] = {}
_lock = Lock()

# a small share of a large table is asked for, whatever the planner expects of its words
PLANNING: Final = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"
)


def _for_tables(statement: str) -> dict[str, Any]:
    return {table: text(statement.replace("TABLE", table)) for table in COLUMNS}


FTS5: Final = _for_tables(
    "SELECT rowid FROM TABLE WHERE TABLE MATCH :match AND rowid < :below ORDER BY rowid LIMIT :n"
)
GIN: Final = _for_tables(
    "WITH found AS MATERIALIZED "
    "(SELECT key FROM TABLE WHERE words @@ CAST(:query AS tsquery) AND key < :below LIMIT :most) "
    "SELECT key, (SELECT count(*) FROM found) AS there FROM found ORDER BY key LIMIT :n"
)
NTH: Final = _for_tables("SELECT key FROM TABLE ORDER BY key OFFSET :n LIMIT 1")
