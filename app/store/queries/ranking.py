"""Which units a search finds, and in what order: several ordered lists, joined.

By reciprocal-rank fusion (Cormack, Clarke and Büttcher 2009): explanations that have all the words,
by how well they were tested; the same by the share of their text that was asked for; units whose
tokens have all the words; explanations that mean alike. Each list is bounded.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ARRAY, Integer, Row, any_, bindparam, select
from sqlalchemy.orm import Session

from app.store.fetching import fetch
from app.store.queries.later_run import explained_again
from app.store.search.asked import Asked
from app.store.search.keys import ID_BITS, id_of, last_key, rank_of
from app.store.search.marking import density
from app.store.search.matching import END, Facets
from app.store.search.vectors import Near
from app.store.tables import ExplanationTable, ScoreTable, UnitTokensTable
from app.store.views.score import IMPORTED

RANKED: Final = 200
"""Of each list."""
LOOKED_THROUGH: Final = 3_200
"""The nearest by meaning among which `RANKED` are looked for that pass the filters."""
FUSION: Final = 60
"""Of reciprocal-rank fusion, as in the paper."""

Explanations, Scores = ExplanationTable, ScoreTable
CANDIDATE = select(
    Explanations.id,
    Explanations.site_id,
    Explanations.unit_index,
    Explanations.method,
    Explanations.search_key,
    Explanations.text,
).where(Explanations.search_key.is_not(None), ~explained_again())
CANDIDATES = CANDIDATE.where(Explanations.id.in_(bindparam("ids", expanding=True)))
CANDIDATES_OF_ARRAY = CANDIDATE.where(
    Explanations.id == any_(bindparam("ids", type_=ARRAY(Integer)))
)
"""One value instead of hundreds, on PostgreSQL."""
AT_ONCE: Final = 10_000
"""Ids in one statement: SQLite takes some 32,000 values."""
TESTED = select(Scores.explanation_id, Scores.judge, Scores.r).where(
    Scores.explanation_id.in_(bindparam("ids", expanding=True)),
    Scores.split == "test",
    Scores.judge.not_like(f"{IMPORTED}%"),
    Scores.r.is_not(None),
)
UNIT_TOKENS = select(
    UnitTokensTable.id,
    UnitTokensTable.site_id,
    UnitTokensTable.unit_index,
    UnitTokensTable.search_key,
).where(UnitTokensTable.id.in_(bindparam("ids", expanding=True)))

Unit = tuple[int, int]
"""Site id and index."""
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Scope:
    """What the filters leave."""

    explanations: Facets
    units: Facets | None
    """None: only explanations are asked for."""
    site_ids: list[int] | None
    method: str | None
    r_min: float | None

    @property
    def below(self) -> int:
        return END if self.r_min is None else last_key(self.r_min)


@dataclass
class Candidate:
    """A unit, and in which places of the lists it stands."""

    score: float = 0.0
    explanations: dict[int, float] = field(default_factory=dict)
    """What each of its explanations adds."""
    cosines: dict[int, float] = field(default_factory=dict)
    tokens: int | None = None
    """Its row of `UnitTokensTable`."""


def rank(
    session: Session,
    asked: Asked,
    scope: Scope,
    keys: Sequence[int],
    unit_keys: Sequence[int],
    near: Sequence[Near],
) -> tuple[dict[Unit, Candidate], int]:
    """Units with what all lists give them, and how many explanations that mean alike passed; the
    first `RANKED` of these are ranked."""
    found: dict[Unit, Candidate] = defaultdict(Candidate)
    by_key = [id_of(key) for key in keys]
    rows = _candidates(session, scope, {*by_key, *(one.explanation_id for one in near)})
    worded = [rows[number] for number, key in zip(by_key, keys, strict=True) if number in rows]
    words = asked.words
    dense = sorted(worded, key=lambda row: (-density(row.text, words), row.search_key))
    cosines = {one.explanation_id: one.cosine for one in near}
    alike = [rows[one.explanation_id] for one in near if one.explanation_id in rows]
    for ranked in (worded, dense, alike[:RANKED]):
        _add_explanations(found, ranked)
    for row in alike[:RANKED]:
        found[row.site_id, row.unit_index].cosines[row.id] = cosines[row.id]
    if unit_keys:
        ids = [id_of(key) for key in unit_keys]
        units = {row.id: row for row in fetch(session, UNIT_TOKENS, {"ids": ids})}
        for place, number in enumerate(ids):
            if number in units:
                unit = found[units[number].site_id, units[number].unit_index]
                unit.score += 1 / (FUSION + place)
                unit.tokens = number
    return found, len(alike)


def those_that_count(session: Session, keys: Sequence[int]) -> list[int]:
    """The ids of these keys, in their order, without what a later run ended: the index has it."""
    ids = [id_of(key) for key in keys]
    there: set[int] = set()
    for start in range(0, len(ids), AT_ONCE):
        there |= _rows(session, ids[start : start + AT_ONCE]).keys()
    return [number for number in ids if number in there]


def _add_explanations(found: dict[Unit, Candidate], ranked: Sequence[AnyRow]) -> None:
    """A unit gets what its best explanation in the list is worth; the others do not add to it."""
    seen: set[Unit] = set()
    for place, row in enumerate(ranked):
        unit = (row.site_id, row.unit_index)
        worth = 1 / (FUSION + place)
        candidate = found[unit]
        candidate.explanations[row.id] = candidate.explanations.get(row.id, 0.0) + worth
        if unit not in seen:
            candidate.score += worth
            seen.add(unit)


def _candidates(session: Session, scope: Scope, ids: set[int]) -> dict[int, AnyRow]:
    """The rows that pass the filters, by id."""
    if not ids:
        return {}
    rows = {
        number: row
        for number, row in _rows(session, sorted(ids)).items()
        if scope.method in (None, row.method) and row.search_key < scope.below
    }
    if scope.r_min is None:
        return rows
    border = [n for n, row in rows.items() if row.search_key >> ID_BITS == rank_of(scope.r_min)]
    tested: dict[int, tuple[bool, float]] = {}
    for row in fetch(session, TESTED, {"ids": border}):
        mine = (row.judge == "program", row.r)
        tested[row.explanation_id] = max(mine, tested.get(row.explanation_id, mine))
    for number in border:
        if number not in tested or tested[number][1] < scope.r_min:
            del rows[number]
    return rows


def _rows(session: Session, ids: Sequence[int]) -> dict[int, AnyRow]:
    sqlite = session.get_bind().dialect.name == "sqlite"
    wanted = CANDIDATES if sqlite else CANDIDATES_OF_ARRAY
    return {row.id: row for row in fetch(session, wanted, {"ids": ids})}
