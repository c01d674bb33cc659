"""Steering vectors as the interface sees them: one, or a list of a model's."""

from collections.abc import Collection
from typing import Any, Final

import numpy as np
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import require_model
from app.store.packing import unpack
from app.store.paging import check_limit, is_integer, is_name, read_cursor, write_cursor
from app.store.tables import ModelTable, VectorTable
from app.store.views.base import Page
from app.store.views.vector import VectorLine, VectorView

SORT: Final = "newest"
MOST_OWNED: Final = 500

VECTORS: Final = select(
    VectorTable.id,
    VectorTable.site,
    VectorTable.label,
    VectorTable.default_strength,
    VectorTable.actor,
    VectorTable.created_at,
    VectorTable.values.label("packed"),
    ModelTable.name.label("model"),
).join(ModelTable, ModelTable.id == VectorTable.model_id)


def get_vector(session: Session, *, model: str, index: int, site: str | None = None) -> VectorView:
    """Raises NotFoundError, also where it is at another site than the one that is named."""
    row = None
    if is_integer(index) and is_name(model):
        query = VECTORS.where(VectorTable.id == index, ModelTable.name == model)
        row = session.execute(query).one_or_none()
    if row is None or site not in (None, row.site):
        require_model(session, name=model)
        raise no_vector(model, site, index)
    return _view(row)


def list_vectors(
    session: Session,
    *,
    model: str,
    site: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[VectorLine]:
    """Of a model, newest first."""
    check_limit(limit)
    model_id = require_model(session, name=model)
    query = VECTORS.where(VectorTable.model_id == model_id).order_by(VectorTable.id.desc())
    if site is not None:
        query = query.where(VectorTable.site == site)
    if cursor is not None:
        query = query.where(VectorTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[VectorLine](
        items=[VectorLine(**_line(row)) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def vectors_of(
    session: Session, *, actor: str, models: Collection[str] | None = None
) -> list[VectorView]:
    """Those that the actor made, of all models or only of these, newest first, with their
    values."""
    query = VECTORS.where(VectorTable.actor == actor).order_by(VectorTable.id.desc())
    if models is not None:
        query = query.where(ModelTable.name.in_(models))
    return [_view(row) for row in session.execute(query.limit(MOST_OWNED))]


def no_vector(model: str, site: str | None, index: int) -> NotFoundError:
    at = "" if site is None else f" at {site[:100]!r}"
    return NotFoundError(
        f"Model {model} has no vector {index}{at}.",
        hint="It may have been deleted; see the vectors of the model.",
    )


def _line(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "model": row.model,
        "site": row.site,
        "index": row.id,
        "label": row.label,
        "norm": float(np.linalg.norm(unpack(row.packed, np.float32).astype(np.float64))),
        "default_strength": row.default_strength,
        "actor": row.actor,
        "created_at": row.created_at,
    }


def _view(row: Row[*tuple[Any, ...]]) -> VectorView:
    return VectorView(**_line(row), values=unpack(row.packed, np.float32).tolist())
