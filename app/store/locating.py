"""Finds what a request names: a model, one of its sites, a run of its; or says what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Row, bindparam, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.fetching import fetch
from app.store.paging import is_integer, is_name
from app.store.tables import JobTable, ModelTable, RunTable, SiteTable, WindowSetTable

FIXED_SPLITS = ("fit", "calibration", "test")


@dataclass(frozen=True)
class Subject:
    """A model and the sweep whose numbers are asked for."""

    model_id: int
    model: str
    n_layers: int
    facts: dict[str, Any]
    tokenizer_sha256: str
    run_id: int
    current_run_id: int | None
    """The sweep that is shown where nobody asks for one."""
    parameters: dict[str, Any]
    """Of the run."""
    window_set_id: int | None
    corpus_id: int | None
    splits: tuple[str, ...]
    """Of the run's windows, fit first; not all need to have numbers yet."""


@dataclass(frozen=True)
class Place(Subject):
    """A site of the model."""

    site_id: int
    site: str
    kind: str
    layer: int
    n_units: int


SUBJECT = (
    ModelTable.id.label("model_id"),
    ModelTable.name.label("model"),
    ModelTable.n_layers,
    ModelTable.facts,
    ModelTable.tokenizer_sha256,
    ModelTable.current_run_id,
    RunTable.id.label("run_id"),
    RunTable.parameters,
    RunTable.window_set_id,
    RunTable.corpus_id,
    WindowSetTable.counts,
)
SITE = (
    SiteTable.id.label("site_id"),
    SiteTable.name.label("site"),
    SiteTable.kind,
    SiteTable.layer,
    SiteTable.n_units,
)

# statements on the way to a page are built once: building costs more than running them
ASKED = func.coalesce(bindparam("run_id", type_=Integer), ModelTable.current_run_id)
FIND = (
    select(*SUBJECT)
    .select_from(ModelTable)
    .outerjoin(
        RunTable,
        (RunTable.id == ASKED) & (RunTable.model_id == ModelTable.id) & (RunTable.kind == "sweep"),
    )
    .outerjoin(WindowSetTable, WindowSetTable.id == RunTable.window_set_id)
    .where(ModelTable.name == bindparam("model"))
)
FIND_SITE = (
    FIND.add_columns(*SITE)
    .join(SiteTable, SiteTable.model_id == ModelTable.id)
    .where(SiteTable.name == bindparam("site"))
)


def locate(session: Session, *, model: str, run_id: int | None = None) -> Subject:
    """Raises NotFoundError where there is no such model, no such sweep of it, or none yet."""
    row = _find(session, model, None, run_id)
    if row is None:
        raise no_model(model)
    return Subject(**_subject(session, row, run_id))


def locate_site(session: Session, *, model: str, site: str, run_id: int | None = None) -> Place:
    """Raises NotFoundError where the model, the site or the sweep is missing."""
    row = _find(session, model, site, run_id)
    if row is None:
        if find_model(session, name=model) is None:
            raise no_model(model)
        raise NotFoundError(
            f"Model {model} has no site {site!r}.",
            hint="Sites are called mlp.LAYER and attn.LAYER, for instance mlp.0.",
        )
    fields = _subject(session, row, run_id)
    return Place(
        **fields,
        site_id=row.site_id,
        site=row.site,
        kind=row.kind,
        layer=row.layer,
        n_units=row.n_units,
    )


def check_index(place: Place, index: int) -> None:
    if not 0 <= index < place.n_units:
        raise NotFoundError(
            f"Site {place.site} of model {place.model} has no unit {index}.",
            hint=f"Its units are 0 to {place.n_units - 1}.",
        )


def check_split(subject: Subject, split: str) -> None:
    if split not in subject.splits:
        raise NotFoundError(
            f"Run {subject.run_id} has no split {split!r}.",
            hint=f"It has {', '.join(subject.splits) or 'none yet'}.",
        )


def find_model(session: Session, *, name: str) -> int | None:
    """The model's id."""
    if not is_name(name):
        return None
    return session.scalar(select(ModelTable.id).where(ModelTable.name == name))


def require_model(session: Session, *, name: str) -> int:
    """The model's id; raises NotFoundError."""
    model_id = find_model(session, name=name)
    if model_id is None:
        raise no_model(name)
    return model_id


def ordered_splits(splits: Iterable[str]) -> tuple[str, ...]:
    """fit, calibration, test, then the held-out domains by name."""
    found = set(splits)
    fixed = [split for split in FIXED_SPLITS if split in found]
    return (*fixed, *sorted(found.difference(fixed)))


def _find(session: Session, model: str, site: str | None, run_id: int | None) -> Row[Any] | None:
    """The subject's row, remembered while the session's transaction lasts: pages ask often."""
    if not is_name(model) or (site is not None and not is_name(site)):
        return None
    if run_id is not None and not is_integer(run_id):
        raise _no_run(model, run_id)
    key = (model, site, run_id)
    transaction, known = session.info.get("located", (None, {}))
    if transaction is not None and transaction is session.get_transaction() and key in known:
        found: Row[Any] = known[key]
        return found
    if transaction is not session.get_transaction():
        known = {}
    statement = FIND if site is None else FIND_SITE
    values = {"model": model, "run_id": run_id} | ({} if site is None else {"site": site})
    row = fetch(session, statement, values).one_or_none()
    if row is not None:
        known[key] = known[model, site, row.run_id] = row
        session.info["located"] = (session.get_transaction(), known)
    return row


def _subject(session: Session, row: Row[Any], run_id: int | None) -> dict[str, Any]:
    if row.run_id is None:
        if run_id is not None:
            raise _no_run(row.model, run_id)
        raise _not_swept(session, row.model)
    return {
        "model_id": row.model_id,
        "model": row.model,
        "n_layers": row.n_layers,
        "facts": row.facts,
        "tokenizer_sha256": row.tokenizer_sha256,
        "run_id": row.run_id,
        "current_run_id": row.current_run_id,
        "parameters": row.parameters,
        "window_set_id": row.window_set_id,
        "corpus_id": row.corpus_id,
        "splits": ordered_splits(row.counts or ()),
    }


def no_model(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no model {name!r}.",
        hint="Add it with `patchclamp models add`, or see `patchclamp models list`.",
    )


def _not_swept(session: Session, model: str) -> NotFoundError:
    """No numbers yet: a first sweep that is under way is named, else the command that asks."""
    query = (
        select(JobTable.id, JobTable.status)
        .where(
            JobTable.kind == "sweep",
            JobTable.model_name == model,
            JobTable.status.in_(("running", "queued")),
        )
        .order_by(JobTable.status.desc(), JobTable.created_at, JobTable.id)  # running first
        .limit(1)
    )
    job = session.execute(query).one_or_none()
    if job is None:
        return NotFoundError(
            f"Model {model} has not been swept yet, so its units have no numbers.",
            hint=f"Run `patchclamp sweep --model {model} --corpus CORPUS`.",
        )
    state = "is running" if job.status == "running" else "waits to begin"
    return NotFoundError(
        f"The first sweep of model {model} {state}, and no numbers of its units are there yet.",
        hint=f"Watch it with `patchclamp jobs watch {job.id[:8]}` or on /jobs/{job.id}; "
        "first numbers come while it runs.",
    )


def _no_run(model: str, run_id: int) -> NotFoundError:
    return NotFoundError(
        f"Model {model} has no sweep with the number {run_id}.",
        hint=f"See the runs on the page of {model}; `run` and `run_id` take those of kind sweep.",
    )
