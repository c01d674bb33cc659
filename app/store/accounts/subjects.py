"""Whose models a request is about: of what it names by an id of its own, the models by which one
may see it, and who made it.

    standing = STANDINGS["explanation"](session, "17")

Each is one small query. None: there is nothing of that name, or it is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Select, case, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.errors import NotFoundError
from app.store.locating import no_model
from app.store.paging import is_integer, is_name
from app.store.queries.comment import no_comment
from app.store.queries.corpus import no_corpus
from app.store.queries.experiment import no_experiment
from app.store.queries.explanation import no_explanation
from app.store.queries.job import no_job
from app.store.queries.run import no_run
from app.store.queries.unit_list import no_unit_list
from app.store.slugs import is_named, is_slug
from app.store.tables import (
    CircuitTable,
    CommentTable,
    CorpusTable,
    ExperimentTable,
    ExplanationTable,
    JobTable,
    ModelTable,
    RunTable,
    SiteTable,
    TaskTable,
    UnitListEntryTable,
    UnitListTable,
    VectorTable,
)

Kept = Literal["explanation", "run", "job", "experiment", "list", "corpus", "comment"]
Kind = Literal["model"] | Kept
KindOfModel = Literal["circuit", "task", "vector"]
"""What is named beside its model."""

NUMBER: Final = TypeAdapter(int)
"""As requests are read: what they take for a number is one here."""


NOBODY: Final = ""
"""Made it: a method did."""


@dataclass(frozen=True)
class Standing:
    models: tuple[str, ...]
    """Of one of which it is, or by any of which it is seen; none: by those who see every model."""
    maker: str | None = None
    shared: bool = False
    """It is of no model: its maker sees it, whatever it holds, and whoever sees one of these."""
    personal: bool = False
    """Nobody but its maker sees it."""


NOTHING: Final[dict[Kind, Callable[[str], NotFoundError]]] = {
    "model": no_model,
    "explanation": no_explanation,
    "run": no_run,
    "job": no_job,
    "experiment": no_experiment,
    "list": no_unit_list,
    "corpus": no_corpus,
    "comment": no_comment,
}
"""In the words of whoever looks for it: what may not be seen is told of in the same."""


def _explanation(session: Session, number: str) -> Standing | None:
    maker = case((ExplanationTable.method == "hand", ExplanationTable.author), else_=NOBODY)
    query = select(ModelTable.name, maker.label("maker"))
    query = query.join(ModelTable, ModelTable.id == ExplanationTable.model_id)
    return _numbered(session, query, ExplanationTable.id, number)


def _run(session: Session, number: str) -> Standing | None:
    query = select(ModelTable.name).join(RunTable, RunTable.model_id == ModelTable.id)
    return _numbered(session, query, RunTable.id, number)


def _comment(session: Session, number: str) -> Standing | None:
    query = select(ModelTable.name, CommentTable.actor.label("maker"))
    query = query.join(ModelTable, ModelTable.id == CommentTable.model_id)
    return _numbered(session, query, CommentTable.id, number)


def _numbered(
    session: Session,
    query: Select[*tuple[Any, ...]],
    column: InstrumentedAttribute[int],
    number: str,
) -> Standing | None:
    known = as_number(number)
    row = None if known is None else session.execute(query.where(column == known)).one_or_none()
    return None if row is None else Standing((row.name,), getattr(row, "maker", None))


def _job(session: Session, job_id: str) -> Standing | None:
    if not is_name(job_id):
        return None
    query = select(JobTable.model_name, JobTable.created_by).where(JobTable.id == job_id)
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    return Standing(() if row.model_name is None else (row.model_name,), row.created_by)


def _experiment(session: Session, slug: str) -> Standing | None:
    if not is_slug(slug):
        return None
    row = session.execute(
        select(ModelTable.name, ExperimentTable.actor)
        .join(ModelTable, ModelTable.id == ExperimentTable.model_id)
        .where(ExperimentTable.slug == slug)
    ).one_or_none()
    return None if row is None else Standing((row.name,), row.actor)


def _list(session: Session, slug: str) -> Standing | None:
    """One of no model is seen by whoever sees one of the models that its units are of."""
    if not is_slug(slug):
        return None
    row = session.execute(
        select(UnitListTable.id, UnitListTable.actor, UnitListTable.personal, ModelTable.name)
        .outerjoin(ModelTable, ModelTable.id == UnitListTable.model_id)
        .where(UnitListTable.slug == slug)
    ).one_or_none()
    if row is None or row.name is not None:
        return None if row is None else Standing((row.name,), row.actor, personal=row.personal)
    held = (
        exists()
        .where(UnitListEntryTable.list_id == row.id, UnitListEntryTable.site_id == SiteTable.id)
        .where(SiteTable.model_id == ModelTable.id)
    )
    models = tuple(session.scalars(select(ModelTable.name).where(held)))
    return Standing(models, row.actor, shared=True, personal=row.personal)


def _corpus(session: Session, name: str) -> Standing | None:
    """Seen by whoever sees a model with a run over it."""
    if not is_name(name):
        return None
    corpus_id = session.scalar(select(CorpusTable.id).where(CorpusTable.name == name))
    if corpus_id is None:
        return None
    read = exists().where(RunTable.corpus_id == corpus_id, RunTable.model_id == ModelTable.id)
    models = tuple(session.scalars(select(ModelTable.name).where(read)))
    return Standing(models, shared=True)


STANDINGS: Final[dict[Kept, Callable[[Session, str], Standing | None]]] = {
    "explanation": _explanation,
    "run": _run,
    "job": _job,
    "experiment": _experiment,
    "list": _list,
    "corpus": _corpus,
    "comment": _comment,
}


def maker_of(session: Session, kind: KindOfModel, *, model: str, name: str) -> str | None:
    """Who made what a model has of this name; None: it has none."""
    if not is_name(model):
        return None
    if kind == "vector":
        number = as_number(name)
        query = select(VectorTable.actor).where(VectorTable.id == number)
        query = query.join(ModelTable, ModelTable.id == VectorTable.model_id)
        return None if number is None else session.scalar(query.where(ModelTable.name == model))
    table = CircuitTable if kind == "circuit" else TaskTable
    if not is_named(name):
        return None
    query = select(table.actor).where(table.slug == name)
    query = query.join(ModelTable, ModelTable.id == table.model_id)
    return session.scalar(query.where(ModelTable.name == model))


def as_number(text: str) -> int | None:
    """None: no handler takes it for a number that the store could hold."""
    try:
        number = NUMBER.validate_python(text)
    except ValidationError:
        return None
    return number if is_integer(number) else None
