"""What happened around a model, newest first: read from the audit log, which misses nothing.

Only what is named in `ACTIONS` is told, and of that neither what it was before nor after: whoever
is blind to a verdict or a vote learns that there is one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Row, select, union_all
from sqlalchemy.orm import Session

from app.store.audit.shortening import storable
from app.store.locating import require_model
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.tables import (
    AuditTable,
    CircuitTable,
    CommentTable,
    ExplanationTable,
    SiteTable,
)
from app.store.views.activity import ACTIONS, ActivityKind, ActivityLine
from app.store.views.base import Page

SORT: Final = "activity"
KIND_OF: Final = {action: kind for kind, actions in ACTIONS.items() for action in actions}
NOTHING: Final[dict[str, Any]] = {
    "site": None, "index": None, "explanation_id": None, "comment_id": None, "circuit": None,
    "experiment": None, "says": "",
}  # fmt: skip


def list_activity(
    session: Session,
    *,
    model: str,
    kinds: Collection[ActivityKind] = (),
    actor: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ActivityLine]:
    """`kinds`: none means all. Raises NotFoundError."""
    check_limit(limit)
    model_id = require_model(session, name=model)
    before = None if cursor is None else read_cursor(cursor, SORT)[1]
    wanted = [action for kind in kinds or ACTIONS for action in ACTIONS[kind]]
    ids = _ids(session, model, wanted, actor, before, limit + 1)
    rows = session.execute(
        select(
            AuditTable.id, AuditTable.at, AuditTable.actor, AuditTable.action, AuditTable.subject
        )
        .where(AuditTable.id.in_(ids[:limit]))
        .order_by(AuditTable.id.desc())
    ).all()
    about = _told(session, model_id, rows)
    return Page[ActivityLine](
        items=[
            ActivityLine(
                **row._mapping, kind=KIND_OF[row.action], **(NOTHING | about.get(row.subject, {}))
            )
            for row in rows
        ],
        next_cursor=write_cursor(SORT, None, ids[limit - 1]) if len(ids) > limit else None,
    )


def _ids(
    session: Session,
    model: str,
    actions: Iterable[str],
    actor: str | None,
    before: int | None,
    limit: int,
) -> list[int]:
    """Each kind of action is looked up by itself, at the end of its part of an index: however rare
    it is, nothing else is read."""
    parts = []
    for action in actions:
        query = select(AuditTable.id).where(
            AuditTable.model == storable(model), AuditTable.action == action
        )
        if actor is not None:
            query = query.where(AuditTable.actor == storable(actor))
        if before is not None:
            query = query.where(AuditTable.id < before)
        parts.append(select(query.order_by(AuditTable.id.desc()).limit(limit).subquery()))
    every = union_all(*parts).subquery()
    return list(session.scalars(select(every.c.id).order_by(every.c.id.desc()).limit(limit)))


def _told(
    session: Session, model_id: int, rows: Iterable[Row[*tuple[Any, ...]]]
) -> dict[str, dict[str, Any]]:
    """Where each subject is and what it says, as far as it is still there."""
    named: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        noun, _, name = row.subject.partition(" ")
        named[noun].append(name)
    return {
        **_of_explanations(session, model_id, _numbers(named["explanation"])),
        **_of_comments(session, model_id, _numbers(named["comment"])),
        **_of_circuits(session, model_id, named["circuit"]),
        **{f"experiment {slug}": {"experiment": slug} for slug in named["experiment"]},
    }


def _of_explanations(session: Session, model_id: int, ids: list[int]) -> dict[str, dict[str, Any]]:
    query = (
        select(
            ExplanationTable.id, SiteTable.name, ExplanationTable.unit_index, ExplanationTable.text
        )
        .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
        .where(ExplanationTable.id.in_(ids), ExplanationTable.model_id == model_id)
    )
    return {
        f"explanation {row.id}": {
            "site": row.name, "index": row.unit_index, "explanation_id": row.id, "says": row.text,
        }
        for row in session.execute(query)
    }  # fmt: skip


def _of_comments(session: Session, model_id: int, ids: list[int]) -> dict[str, dict[str, Any]]:
    query = (
        select(
            CommentTable.id, SiteTable.name, CommentTable.unit_index, CommentTable.explanation_id,
            CircuitTable.slug, CircuitTable.title,
        )
        .outerjoin(SiteTable, SiteTable.id == CommentTable.site_id)
        .outerjoin(CircuitTable, CircuitTable.id == CommentTable.circuit_id)
        .where(CommentTable.id.in_(ids), CommentTable.model_id == model_id)
    )  # fmt: skip
    return {
        f"comment {row.id}": {
            "site": row.name, "index": row.unit_index, "explanation_id": row.explanation_id,
            "comment_id": row.id, "circuit": row.slug, "says": row.title or "",
        }
        for row in session.execute(query)
    }  # fmt: skip


def _of_circuits(session: Session, model_id: int, slugs: list[str]) -> dict[str, dict[str, Any]]:
    query = select(CircuitTable.slug, CircuitTable.title).where(
        CircuitTable.model_id == model_id, CircuitTable.slug.in_(slugs)
    )
    return {
        f"circuit {row.slug}": {"circuit": row.slug, "says": row.title}
        for row in session.execute(query)
    }


def _numbers(names: Iterable[str]) -> list[int]:
    return [int(name) for name in names if name.isdecimal()]
