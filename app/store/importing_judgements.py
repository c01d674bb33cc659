"""Keeps judgements that were made elsewhere: finds what they are of, and adds what is not here."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from app.store.judging import Rating
from app.store.paging import is_integer
from app.store.queries.asked_judgements import Asked
from app.store.queries.explanation import STATUSES
from app.store.tables import ExplanationTable, JudgementTable, ModelTable, SiteTable
from app.store.writing_explanations import storable

AT_ONCE: Final = 500
NOT_MEANT: Final = ("lookup", "output")
"""Explanations that nobody means by naming a unit alone."""
MOST_TOLD: Final = 5


@dataclass(frozen=True)
class Wanted:
    """What a row says it is of."""

    explanation: int | None
    site: str | None
    index: int | None
    text: str | None


class Told(NamedTuple):
    """Which explanation that is, or why it is none."""

    explanation_id: int | None = None
    problem: str | None = None
    hint: str | None = None


@dataclass(frozen=True)
class NewJudgement:
    explanation_id: int
    actor: str
    """With the origin."""
    annotator: str
    """Without."""
    origin: str
    rating: Rating
    created_at: datetime | None
    """None: nobody said; then now."""
    imported: dict[str, Any]

    @property
    def said(self) -> tuple[object, ...]:
        return said_of(self.rating)


Known = Row[*tuple[Any, ...]]


def lock_judged_model(session: Session, asked: Asked) -> None:
    """Two imports for one model wait for each other, or each would miss what the other adds. On
    SQLite the transaction's own lock does this."""
    session.execute(select(ModelTable.id).where(ModelTable.id == asked.model_id).with_for_update())


def find_explanations(session: Session, asked: Asked, wanted: Sequence[Wanted]) -> list[Told]:
    """In the same order. An id counts where unit and text are those that are named with it; else
    the unit's explanation with that text; of a unit without a text, its only one."""
    by_id = _by_id(session, asked, {one.explanation for one in wanted})
    by_unit = _by_unit(session, asked, {(one.site, one.index) for one in wanted})
    return [_find(one, asked, by_id, by_unit) for one in wanted]


def _find(
    one: Wanted,
    asked: Asked,
    by_id: dict[int, Known],
    by_unit: dict[tuple[str, int], list[Known]],
) -> Told:
    named = by_id.get(one.explanation) if one.explanation is not None else None
    text = None if one.text is None else storable(one.text)
    if named is not None and _is_meant(one, named, text):
        return Told(named.id)
    if one.site is None or one.index is None:
        return Told(
            problem=f"{asked.model} has no explanation {one.explanation}"
            + (" with this text" if named is not None else ""),
            hint="Numbers are of the store that a file is from: name the unit and the text too.",
        )
    unit = f"{one.site}/{one.index}"
    there = by_unit.get((one.site, one.index), [])
    if text is not None:
        same = [row for row in there if row.text == text]
        if not same:
            return Told(
                problem=f"{unit} of {asked.model} has no explanation with this text",
                hint="Import the explanations first: patchclamp explanations import.",
            )
        return Told(min(same, key=lambda row: (STATUSES.index(row.status), -row.id)).id)
    meant = [row for row in there if row.status == "current" and row.method not in NOT_MEANT]
    if len(meant) == 1:
        return Told(meant[0].id)
    if not meant:
        return Told(
            problem=f"{unit} of {asked.model} has no current explanation",
            hint="Name a unit that is explained, or the explanation by its id.",
        )
    ids = ", ".join(str(row.id) for row in meant[:MOST_TOLD])
    return Told(
        problem=f"{unit} of {asked.model} has {len(meant)} explanations: {ids}"
        + ("…" if len(meant) > MOST_TOLD else ""),
        hint="Name the one that was judged, by `explanation` or by its `text`.",
    )


def _is_meant(one: Wanted, named: Known, text: str | None) -> bool:
    here = (named.site, named.unit_index)
    return text in (None, named.text) and (one.site, one.index) in ((None, None), here)


@dataclass
class _Placed:
    """What is to be written."""

    added: list[dict[str, Any]]
    ended: list[dict[str, Any]]
    """Judgements that are here, and count no more."""
    n_known: int = 0
    n_superseded: int = 0


def add_judgements(
    session: Session, fresh: Sequence[NewJudgement], *, dry_run: bool = False
) -> tuple[int, int, int]:
    """How many were added, were here already, and count no more since a later one of the same
    person does. In the order of `fresh`: of two without a time the later one counts."""
    known = _known(session, sorted({one.explanation_id for one in fresh}))
    placed = _place(fresh, known, datetime.now(UTC))
    if not dry_run:
        for row in placed.ended:
            session.execute(
                update(JudgementTable)
                .where(JudgementTable.id == row["id"])
                .values(replaced_at=row["replaced_at"])
            )
        for start in range(0, len(placed.added), AT_ONCE):
            session.execute(insert(JudgementTable), placed.added[start : start + AT_ONCE])
    return len(placed.added), placed.n_known, placed.n_superseded


def _place(
    fresh: Sequence[NewJudgement], known: dict[tuple[int, str], list[Known]], now: datetime
) -> _Placed:
    """Of each person and explanation, the latest counts."""
    counting: dict[tuple[int, str], dict[str, Any]] = {
        key: {"id": row.id, "created_at": row.created_at}
        for key, rows in known.items()
        for row in rows
        if row.replaced_at is None
    }
    placed, seen = _Placed([], []), set[tuple[object, ...]]()
    for one in fresh:
        key = (one.explanation_id, one.actor)
        mark = (*key, one.said, one.created_at)
        if mark in seen or _is_known(one, known):
            placed.n_known += 1
            continue
        seen.add(mark)
        values = _values(one, one.created_at or now)
        placed.added.append(values)
        later, other = values, counting.get(key)
        if other is not None:
            if other["created_at"] > values["created_at"]:
                later, other = other, values
            other["replaced_at"] = later["created_at"]
            placed.n_superseded += 1
            if "id" in other:
                placed.ended.append(other)
        counting[key] = later
    return placed


def said_of(rating: Rating | Known) -> tuple[object, ...]:
    """What makes two judgements of one person the same."""
    return (
        rating.verdict, rating.specificity, rating.sensitivity, rating.several_meanings,
        tuple(rating.tags), rating.note,
    )  # fmt: skip


def _is_known(one: NewJudgement, known: dict[tuple[int, str], list[Known]]) -> bool:
    """Also what was given here, taken out, and comes back."""
    for row in known.get((one.explanation_id, one.actor), ()):
        if said_of(row) == one.said and one.created_at in (None, row.created_at):
            return True
    return one.created_at is not None and any(
        said_of(row) == one.said and row.created_at == one.created_at
        for row in known.get((one.explanation_id, one.annotator), ())
    )


def _values(one: NewJudgement, at: datetime) -> dict[str, Any]:
    rating = asdict(one.rating)
    return {
        **rating,
        "tags": list(one.rating.tags),
        "explanation_id": one.explanation_id,
        "actor": storable(one.actor),
        "assignment_id": None,
        "origin": one.origin,
        "imported": one.imported,
        "created_at": at,
        "replaced_at": None,
    }


def _known(session: Session, ids: list[int]) -> dict[tuple[int, str], list[Known]]:
    found: dict[tuple[int, str], list[Known]] = defaultdict(list)
    table = JudgementTable
    for start in range(0, len(ids), AT_ONCE):
        query = select(
            table.id, table.explanation_id, table.actor, table.verdict, table.specificity,
            table.sensitivity, table.several_meanings, table.tags, table.note, table.created_at,
            table.replaced_at,
        ).where(table.explanation_id.in_(ids[start : start + AT_ONCE]))  # fmt: skip
        for row in session.execute(query):
            found[row.explanation_id, row.actor].append(row)
    return found


def _rows() -> Any:  # noqa: ANN401 - a select
    table = ExplanationTable
    return select(
        table.id, SiteTable.name.label("site"), table.unit_index, table.text,
        table.status, table.method,
    ).join(SiteTable, SiteTable.id == table.site_id)  # fmt: skip


def _by_id(session: Session, asked: Asked, ids: set[int | None]) -> dict[int, Known]:
    ordered = sorted(number for number in ids if number is not None and is_integer(number))
    found: dict[int, Known] = {}
    for start in range(0, len(ordered), AT_ONCE):
        some = ordered[start : start + AT_ONCE]
        query = _rows().where(
            ExplanationTable.id.in_(some), ExplanationTable.model_id == asked.model_id
        )
        found |= {row.id: row for row in session.execute(query)}
    return found


def _by_unit(
    session: Session, asked: Asked, units: set[tuple[str | None, int | None]]
) -> dict[tuple[str, int], list[Known]]:
    found: dict[tuple[str, int], list[Known]] = defaultdict(list)
    by_site: dict[str, list[int]] = defaultdict(list)
    for site, index in sorted((s, i) for s, i in units if s is not None and i is not None):
        by_site[site].append(index)
    for site, indexes in by_site.items():
        for start in range(0, len(indexes), AT_ONCE):
            query = _rows().where(
                SiteTable.model_id == asked.model_id, SiteTable.name == site,
                ExplanationTable.unit_index.in_(indexes[start : start + AT_ONCE]),
            )  # fmt: skip
            for row in session.execute(query):
                found[site, row.unit_index].append(row)
    return found
