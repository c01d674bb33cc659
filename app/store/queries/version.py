"""The versions of a claim, the newest first, in pages: nothing says how often one may be edited."""

from typing import Any, Final

from sqlalchemy import Row, bindparam, exists, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.paging import LARGEST_INTEGER, check_limit, is_integer, read_cursor, write_cursor
from app.store.tables import ExplanationTable, ScoreTable
from app.store.views.base import Page
from app.store.views.explanation import BROUGHT, VersionLine
from app.store.views.score import IMPORTED

SORT: Final = "versions"
SHOWN: Final = 20
"""With the explanation itself."""
Explanations, Scores = ExplanationTable, ScoreTable
ORIGIN = select(func.coalesce(Explanations.origin_id, Explanations.id)).where(
    Explanations.id == bindparam("explanation_id")
)
IDS = (
    select(Explanations.id)
    .where(
        (Explanations.origin_id == bindparam("origin_id"))
        | (Explanations.id == bindparam("origin_id")),
        Explanations.version < bindparam("before"),
    )
    .order_by(Explanations.version.desc())
    .limit(bindparam("n"))
)
VERSIONS = (
    select(
        Explanations.id, Explanations.version, Explanations.status, Explanations.method,
        Explanations.author, Explanations.text, Explanations.created_at, Scores.r, Scores.judge,
    )
    .outerjoin(Scores, (Scores.explanation_id == Explanations.id) & (Scores.split == "test"))
    .where(Explanations.id.in_(bindparam("ids", expanding=True)))
    .order_by(Explanations.version.desc())
)  # fmt: skip
ON_TEST = exists().where(
    Scores.explanation_id == Explanations.id,
    Scores.split == "test",
    Scores.status != "failed",
    Scores.judge.not_like(f"{IMPORTED}%"),
)
HOW_MANY_ON_TEST = select(
    select(func.count())
    .select_from(Explanations)
    .where(
        (Explanations.origin_id == bindparam("origin_id"))
        | (Explanations.id == bindparam("origin_id")),
        ON_TEST,
    )
    .scalar_subquery()
    .label("versions"),
    select(func.count())
    .select_from(Explanations)
    .where(
        Explanations.site_id == bindparam("site_id"),
        Explanations.unit_index == bindparam("unit_index"),
        Explanations.method.in_(BROUGHT),
        func.coalesce(Explanations.origin_id, Explanations.id) != bindparam("origin_id"),
        ON_TEST,
    )
    .scalar_subquery()
    .label("others"),
)
"""A score that came with an import was not of test here, and what failed has no score; an imported
program that was scored here is a look at test as one written here is."""


def how_many_on_test(
    session: Session, *, origin_id: int, site_id: int, unit_index: int
) -> tuple[int, int]:
    """Versions of the claim scored on test, and programs that were written by hand or imported of
    its unit's other claims."""
    keys = {"origin_id": origin_id, "site_id": site_id, "unit_index": unit_index}
    row = session.execute(HOW_MANY_ON_TEST, keys).one()
    return row.versions, row.others


def list_versions(
    session: Session, *, explanation_id: int, limit: int = 50, cursor: str | None = None
) -> Page[VersionLine]:
    """Of the claim that this explanation is a version of, whichever."""
    check_limit(limit)
    origin_id = None
    if is_integer(explanation_id):
        origin_id = session.scalar(ORIGIN, {"explanation_id": explanation_id})
    if origin_id is None:
        raise NotFoundError(
            f"There is no explanation {explanation_id}.",
            hint="Explanations are listed on the page of their unit, and found by search.",
        )
    before = LARGEST_INTEGER if cursor is None else read_cursor(cursor, SORT)[1]
    return versions_of(session, origin_id=origin_id, limit=limit, before=before)


def newest_version(session: Session, *, explanation_id: int) -> int | None:
    """The id of the newest version of the claim, whatever became of it; None: there is none."""
    if not is_integer(explanation_id):
        return None
    origin_id = session.scalar(ORIGIN, {"explanation_id": explanation_id})
    keys = {"origin_id": origin_id, "before": LARGEST_INTEGER, "n": 1}
    return None if origin_id is None else session.scalar(IDS, keys)


def version_before(session: Session, *, explanation_id: int) -> int | None:
    """The id of the one before; None: this is the first."""
    here = session.execute(
        select(Explanations.version, func.coalesce(Explanations.origin_id, Explanations.id)).where(
            Explanations.id == explanation_id
        )
    ).one()
    return session.scalar(IDS, {"origin_id": here[1], "before": here[0], "n": 1})


def versions_of(
    session: Session, *, origin_id: int, limit: int = SHOWN, before: int = LARGEST_INTEGER
) -> Page[VersionLine]:
    """Those with a lower number than `before`."""
    keys = {"origin_id": origin_id, "before": before, "n": limit + 1}
    ids = list(session.scalars(IDS, keys))
    found: dict[int, Row[*tuple[Any, ...]]] = {}
    for row in session.execute(VERSIONS, {"ids": ids[:limit]}):
        if row.id not in found or row.judge == "program":
            found[row.id] = row
    items = [
        VersionLine(
            id=row.id,
            version=row.version,
            status=row.status,
            method=row.method,
            author=row.author,
            text=row.text,
            created_at=row.created_at,
            r=row.r,
        )
        for row in found.values()
    ]
    more = len(ids) > limit
    return Page[VersionLine](
        items=items, next_cursor=write_cursor(SORT, None, items[-1].version) if more else None
    )
