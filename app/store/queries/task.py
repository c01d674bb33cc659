"""Tasks as the interface sees them: one, or a list of a model's."""

from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import require_model
from app.store.packing import unpack_text
from app.store.paging import check_limit, is_name, read_cursor, write_cursor
from app.store.slugs import is_named
from app.store.tables import CircuitTable, ModelTable, TaskTable
from app.store.views.base import Page
from app.store.views.task import TaskLine, TaskView

SORT: Final = "newest"

LINE: Final = (
    TaskTable.id,
    TaskTable.slug,
    TaskTable.name,
    TaskTable.metric,
    TaskTable.source,
    TaskTable.n_pairs,
    TaskTable.digest,
    TaskTable.tokenizer_sha256,
    TaskTable.competence,
    TaskTable.run_id,
    TaskTable.actor,
    TaskTable.created_at,
    ModelTable.name.label("model"),
)
LINES: Final = select(*LINE).join(ModelTable, ModelTable.id == TaskTable.model_id)


def get_task(session: Session, *, model: str, slug: str) -> TaskView:
    """With its pairs. Raises NotFoundError."""
    row = None
    if is_named(slug) and is_name(model):
        query = LINES.add_columns(TaskTable.content)
        query = query.where(TaskTable.slug == slug, ModelTable.name == model)
        row = session.execute(query).one_or_none()
    if row is None:
        require_model(session, name=model)
        raise no_task(model, slug)
    count = select(func.count()).where(CircuitTable.task_id == row.id)
    return TaskView(
        **_line(row),
        n_circuits=session.scalars(count).one(),
        task=unpack_text(row.content),
    )


def require_task(session: Session, *, model: str, slug: str) -> int:
    """The task's id; raises NotFoundError."""
    found = _find(session, model, slug)
    if found is None:
        raise no_task(model, slug)
    return found


def has_task(session: Session, *, model: str, slug: str) -> bool:
    """Raises NotFoundError where the model is missing."""
    return _find(session, model, slug) is not None


def find_task_line(session: Session, *, task_id: int) -> TaskLine | None:
    """Without its pairs."""
    row = session.execute(LINES.where(TaskTable.id == task_id)).one_or_none()
    return None if row is None else TaskLine(**_line(row))


def list_tasks(
    session: Session, *, model: str, limit: int = 50, cursor: str | None = None
) -> Page[TaskLine]:
    """Of a model, newest first, without their pairs."""
    check_limit(limit)
    model_id = require_model(session, name=model)
    query = LINES.where(TaskTable.model_id == model_id).order_by(TaskTable.id.desc())
    if cursor is not None:
        query = query.where(TaskTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return Page[TaskLine](
        items=[TaskLine(**_line(row)) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def list_task_slugs(session: Session, *, model: str, limit: int) -> list[str]:
    """Of a model, newest first. Raises NotFoundError where the model is missing."""
    model_id = require_model(session, name=model)
    query = select(TaskTable.slug).where(TaskTable.model_id == model_id)
    return list(session.scalars(query.order_by(TaskTable.id.desc()).limit(limit)))


def no_task(model: str, slug: str) -> NotFoundError:
    return NotFoundError(
        f"Model {model} has no task {slug[:100]!r}.",
        hint="It may have been deleted; see the tasks of the model.",
    )


def _find(session: Session, model: str, slug: str) -> int | None:
    model_id = require_model(session, name=model)
    if not is_named(slug):
        return None
    query = select(TaskTable.id).where(TaskTable.model_id == model_id, TaskTable.slug == slug)
    return session.scalar(query)


def _line(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in TaskLine.model_fields}
