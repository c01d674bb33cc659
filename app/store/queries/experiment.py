"""Experiments as the interface sees them: one by its permalink, or a list of a model's."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.locating import require_model
from app.store.packing import unpack_json, unpack_text
from app.store.paging import check_limit, read_cursor, write_cursor
from app.store.queries.model import check_choice
from app.store.slugs import is_slug
from app.store.tables import ExperimentTable, ModelTable
from app.store.views.base import Page
from app.store.views.experiment import ExperimentLine, ExperimentView
from app.store.writing_explanations import storable

KINDS: Final = ("experiment", "generation", "edit_sweep")
SORT: Final = "newest"
MOST_FORKS: Final = 50
LONGEST_QUERY: Final = 200

Parent = aliased(ExperimentTable)
LINE: Final = (
    ExperimentTable.id,
    ExperimentTable.slug,
    ExperimentTable.kind,
    ExperimentTable.name,
    ExperimentTable.note,
    ExperimentTable.actor,
    ExperimentTable.run_id,
    ExperimentTable.created_at,
    ExperimentTable.updated_at,
    ExperimentTable.prompt,
    ExperimentTable.n_edits,
    ExperimentTable.places,
    ModelTable.name.label("model"),
    Parent.slug.label("parent"),
)


def get_experiment(session: Session, *, slug: str) -> ExperimentView:
    """With request, answer and continuations. Raises NotFoundError."""
    query = _select(
        *LINE, ExperimentTable.request, ExperimentTable.answer, ExperimentTable.continuations
    )
    row = None
    if is_slug(slug):
        row = session.execute(query.where(ExperimentTable.slug == slug)).one_or_none()
    if row is None:
        raise no_experiment(slug)
    forks = (
        select(ExperimentTable.slug)
        .where(ExperimentTable.parent_id == row.id)
        .order_by(ExperimentTable.id)
        .limit(MOST_FORKS)
    )
    return ExperimentView(
        **_line(row),
        request=row.request,
        answer=unpack_text(row.answer),
        continuations=None if row.continuations is None else unpack_json(row.continuations),
        forks=list(session.scalars(forks)),
    )


def show_made(
    values: Mapping[str, Any],
    *,
    model: str,
    parent: str | None,
    answer: bytes,
    continuations: Mapping[str, Any] | None,
) -> ExperimentView:
    """One whose columns were written just now: nothing of it need be read, nor is it forked yet."""
    row = SimpleNamespace(**values, model=model, parent=parent)
    return ExperimentView(
        **_line(row),
        request=row.request,
        answer=answer,
        continuations=None if continuations is None else dict(continuations),
        forks=[],
    )


def find_of_run(session: Session, *, run_id: int) -> str | None:
    """The permalink of the first experiment that has the run's numbers; None where it is the run of
    no experiment."""
    query = select(ExperimentTable.slug).where(ExperimentTable.run_id == run_id)
    return session.scalar(query.order_by(ExperimentTable.id).limit(1))


def list_experiments(
    session: Session,
    *,
    model: str | None = None,
    actor: str | None = None,
    kind: str | None = None,
    named: bool = False,
    text: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ExperimentLine]:
    """Newest first; `named`: only those that have a name; `text`: in name or note, in any case."""
    check_limit(limit)
    query = _select(*LINE).order_by(ExperimentTable.id.desc()).limit(limit + 1)
    if model is not None:
        query = query.where(ExperimentTable.model_id == require_model(session, name=model))
    if actor is not None:
        query = query.where(ExperimentTable.actor == storable(actor))
    if kind is not None:
        check_choice("kind of experiment", kind, KINDS)
        query = query.where(ExperimentTable.kind == kind)
    if named:
        query = query.where(ExperimentTable.name.is_not(None))
    if text is not None:
        query = query.where(_says(text))
    if cursor is not None:
        query = query.where(ExperimentTable.id < read_cursor(cursor, SORT)[1])
    rows = session.execute(query).all()
    more = len(rows) > limit
    return Page[ExperimentLine](
        items=[ExperimentLine(**_line(row)) for row in rows[:limit]],
        next_cursor=write_cursor(SORT, None, rows[limit - 1].id) if more else None,
    )


def require_room(session: Session, *, most: int) -> None:
    """ConflictError: so many experiments are stored.

    Ids are given once, so that the first and the last say how many there can be; they are counted
    only where these are too many.
    """
    first, last = (
        select(function(ExperimentTable.id)).scalar_subquery() for function in (func.min, func.max)
    )
    between = session.scalar(select(last - first))
    if between is None or between + 1 < most:
        return
    stored = session.scalar(select(func.count()).select_from(ExperimentTable)) or 0
    if stored >= most:
        raise ConflictError(
            f"{stored:,} experiments are stored, and no more than {most:,} are kept.",
            hint="Delete some that nobody needs any more, or have PATCHCLAMP_MOST_EXPERIMENTS "
            "raised.",
        )


def no_experiment(slug: str) -> NotFoundError:
    return NotFoundError(
        f"There is no experiment {slug[:40]!r}.",
        hint="It may have been deleted; see the experiments of its model.",
    )


def _select(*columns: Any) -> Select[Any]:  # noqa: ANN401 - whatever a statement can select
    """From experiments with their model and parent."""
    return (
        select(*columns)
        .join(ModelTable, ModelTable.id == ExperimentTable.model_id)
        .outerjoin(Parent, Parent.id == ExperimentTable.parent_id)
    )


def _says(text: str) -> Any:  # noqa: ANN401 - a condition
    if len(text) > LONGEST_QUERY:
        raise BadRequestError(
            f"The text that is looked for has {len(text):,} characters.",
            hint=f"Give at most {LONGEST_QUERY} of a name or note.",
        )
    sought = storable(text).lower()
    columns = (ExperimentTable.name, ExperimentTable.note)
    return or_(*(func.lower(column).contains(sought, autoescape=True) for column in columns))


def _line(row: Row[*tuple[Any, ...]] | SimpleNamespace) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "model": row.model,
        "kind": row.kind,
        "name": row.name,
        "note": row.note,
        "actor": row.actor,
        "parent": row.parent,
        "run_id": row.run_id,
        "prompt": row.prompt,
        "n_edits": row.n_edits,
        "places": row.places,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
