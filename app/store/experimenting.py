"""Experiments are kept, named, forked and deleted.

with open_session(engine, commit=True) as session:
    create_experiment(session, model="toy", actor="me", conducted=Conducted(
        "experiment", request.model_dump(mode="json", exclude={"model"}),
        answer.model_dump_json().encode(), answer.ran.model_dump(mode="json")))
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, Literal

import structlog
from sqlalchemy import Row, delete, exists, insert, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.abridging import abridged
from app.store.audit import noting
from app.store.locating import require_model
from app.store.packing import pack_json, pack_text
from app.store.queries.experiment import KINDS, get_experiment, no_experiment, show_made
from app.store.queries.model import check_choice
from app.store.slugs import is_slug, new_slug
from app.store.tables import ExperimentTable, ModelTable, RunTable
from app.store.views.experiment import ExperimentView
from app.store.writing_explanations import storable

log = structlog.get_logger("patchclamp.store")

Word = Literal["name", "note"]

METHOD_VERSION: Final = "1"
COMPUTED_IN: Final = ("dtype", "device", "code_version", "torch_version")
"""The same question answered otherwise has another answer, and another permalink."""
LONGEST_NAME: Final = 200
LONGEST_NOTE: Final = 20_000


@dataclass(frozen=True)
class Conducted:
    """What the inference service was asked and answered, as JSON (`analysis.protocol`)."""

    kind: str
    request: Mapping[str, Any]
    """Without the model."""
    answer: bytes
    """JSON text, with `ran`; of a generation, its end."""
    ran: Mapping[str, Any]
    """How it was computed, as the answer tells it."""
    continuations: Mapping[str, Any] | None = None
    """`request`, `tokens` and `end` of what was generated under these edits."""

    @cached_property
    def digest(self) -> str:
        how = [self.ran[name] for name in COMPUTED_IN]
        text = json.dumps([self.kind, self.request, how], sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def create_experiment(
    session: Session,
    *,
    model: str,
    conducted: Conducted,
    actor: str,
    parent: str | None = None,
    name: str | None = None,
    note: str | None = None,
) -> ExperimentView:
    """The experiment under its permalink, with a run of its own.

    What the same actor asked before in the same words is not stored again: it keeps the permalink
    that it had, unless it has a name, or is a fork of another. Raises NotFoundError where the model
    or the parent is missing.
    """
    check_choice("kind of experiment", conducted.kind, KINDS)
    model_id = require_model(session, name=model)
    actor, named, noted = storable(actor), _name(name), _note(note)
    above = None if parent is None else _locked(session, parent)
    if above is not None and above.model_id != model_id:
        raise BadRequestError(
            f"Experiment {parent} is of another model, so nothing of {model} is its fork.",
            hint="Leave the parent out.",
        )
    parent_id = None if above is None else above.id
    if named is None and noted is None:
        known = _find(session, model_id, actor, conducted.digest, parent_id)
        if known is not None:
            return get_experiment(session, slug=known)
    slug = new_slug()
    values = {
        "model_id": model_id,
        "run_id": _add_run(session, model_id, slug, conducted),
        "parent_id": parent_id,
        "kind": conducted.kind,
        "digest": conducted.digest,
        **abridged(conducted.request),
        "request": dict(conducted.request),
        "answer": pack_text(conducted.answer),
        "continuations": _packed(conducted.continuations),
    }
    written = _add(session, values, slug=slug, actor=actor, name=named, note=noted)
    log.info("experiment.created", experiment=slug, model=model, actor=actor)
    noting.note(
        session, actor=actor, action="experiment.created", model=model,
        subject=f"experiment {slug}",
        after={"kind": conducted.kind, "parent": parent, "name": named, "note": noted},
    )  # fmt: skip
    return show_made(
        written,
        model=model,
        parent=parent,
        answer=conducted.answer,
        continuations=conducted.continuations,
    )


def fork_experiment(
    session: Session, *, slug: str, actor: str, name: str | None = None, note: str | None = None
) -> ExperimentView:
    """A copy of the actor's own, with the numbers of the same run. Raises NotFoundError."""
    row = _locked(session, slug)
    whole = session.execute(select(*COPIED).where(ExperimentTable.id == row.id)).one()
    fresh = new_slug()
    values = {**whole._mapping, "parent_id": row.id}
    _add(session, values, slug=fresh, actor=storable(actor), name=_name(name), note=_note(note))
    log.info("experiment.forked", experiment=fresh, parent=slug, actor=actor)
    view = get_experiment(session, slug=fresh)
    noting.note(
        session, actor=actor, action="experiment.forked", model=view.model,
        subject=f"experiment {fresh}",
        after={"parent": slug, "name": view.name, "note": view.note},
    )  # fmt: skip
    return view


def describe_experiment(
    session: Session, *, slug: str, actor: str, changes: Mapping[Word, str | None]
) -> ExperimentView:
    """With the name and note that are given; None or blank takes one away, what is left out stays.
    Raises NotFoundError."""
    row = _locked(session, slug)
    read = {"name": _name, "note": _note}
    old = session.execute(WORDS.where(ExperimentTable.id == row.id)).one()
    fresh: dict[str, str | None] = {word: read[word](given) for word, given in changes.items()}
    _change(session, row.id, **fresh)
    log.info("experiment.described", experiment=slug, actor=actor)
    view = get_experiment(session, slug=slug)
    noting.note(
        session, actor=actor, action="experiment.described", model=view.model,
        subject=f"experiment {slug}", **noting.changed(dict(old._mapping), fresh),
    )  # fmt: skip
    return view


def set_continuations(
    session: Session,
    *,
    slug: str,
    request: Mapping[str, Any],
    tokens: Sequence[Mapping[str, Any]],
    end: Mapping[str, Any],
) -> ExperimentView:
    """With what was generated under its edits, once that has ended; replaces what was there."""
    row = _locked(session, slug)
    streamed = {"request": dict(request), "tokens": list(tokens), "end": dict(end)}
    _change(session, row.id, continuations=pack_json(streamed))
    view = get_experiment(session, slug=slug)
    noting.note(
        session, action="experiment.continued", model=view.model, subject=f"experiment {slug}",
        after={"tokens": len(streamed["tokens"])},
    )  # fmt: skip
    return view


def delete_experiment(session: Session, *, slug: str, actor: str) -> None:
    """Its forks stay; its run goes with the last experiment that has its numbers."""
    row = _locked(session, slug)
    model = session.scalar(select(ModelTable.name).where(ModelTable.id == row.model_id))
    gone = session.execute(
        delete(ExperimentTable)
        .where(ExperimentTable.id == row.id)
        .returning(ExperimentTable.name, ExperimentTable.note, ExperimentTable.actor)
    ).one()
    left = exists().where(ExperimentTable.run_id == RunTable.id)
    session.execute(delete(RunTable).where(RunTable.id == row.run_id, ~left))
    log.info("experiment.deleted", experiment=slug, actor=actor)
    noting.note(
        session, actor=actor, action="experiment.deleted", model=model,
        subject=f"experiment {slug}", before=dict(gone._mapping),
    )  # fmt: skip


EXPERIMENTS: Final = insert(ExperimentTable)
WORDS: Final = select(ExperimentTable.name, ExperimentTable.note)
RUNS: Final = insert(RunTable).returning(RunTable.id)
COPIED: Final = (
    ExperimentTable.model_id,
    ExperimentTable.run_id,
    ExperimentTable.kind,
    ExperimentTable.digest,
    ExperimentTable.prompt,
    ExperimentTable.n_edits,
    ExperimentTable.places,
    ExperimentTable.request,
    ExperimentTable.answer,
    ExperimentTable.continuations,
)


def _find(
    session: Session, model_id: int, actor: str, digest: str, parent_id: int | None
) -> str | None:
    """The permalink of the same request. Two who ask at once wait for each other: on PostgreSQL at
    the model's row, on SQLite for the right to write."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(
            select(ModelTable.id).where(ModelTable.id == model_id).with_for_update(key_share=True)
        )
    query = select(ExperimentTable.slug).where(
        ExperimentTable.digest == digest,
        ExperimentTable.model_id == model_id,
        ExperimentTable.actor == actor,
        ExperimentTable.parent_id == parent_id,
        ExperimentTable.name.is_(None),
    )
    return session.scalar(query.order_by(ExperimentTable.id).limit(1))


def _locked(session: Session, slug: str) -> Row[*tuple[Any, ...]]:
    query = select(ExperimentTable.id, ExperimentTable.model_id, ExperimentTable.run_id)
    row = None
    if is_slug(slug):
        locking = query.where(ExperimentTable.slug == slug).with_for_update(key_share=True)
        row = session.execute(locking).one_or_none()
    if row is None:
        raise no_experiment(slug)
    return row


def _add(session: Session, values: Mapping[str, Any], **fields: str | None) -> dict[str, Any]:
    """What was written."""
    now = datetime.now(UTC)
    columns = {**values, **fields, "created_at": now, "updated_at": now}
    session.execute(EXPERIMENTS, columns)
    return columns


def _change(session: Session, number: int, **values: object) -> None:
    statement = update(ExperimentTable).where(ExperimentTable.id == number)
    session.execute(statement.values(**values, updated_at=datetime.now(UTC)))


def _add_run(session: Session, model_id: int, slug: str, conducted: Conducted) -> int:
    """The id of the run that computed it: it has ended just now."""
    ran = conducted.ran
    now = datetime.now(UTC)
    took = timedelta(milliseconds=ran["queue_ms"] + ran["model_ms"])
    measured = {name: ran[name] for name in ("queue_ms", "model_ms", "clean_reused")}
    values = {
        "kind": "experiment",
        "method": conducted.kind,
        "method_version": METHOD_VERSION,
        "status": "finished",
        "model_id": model_id,
        "parameters": {"experiment": slug, "n_edits": len(conducted.request.get("edits", ()))},
        "seed": conducted.request.get("seed", 0),
        "dtype": ran["dtype"],
        "device": ran["device"],
        "code_version": ran["code_version"],
        "machine": {"torch": ran["torch_version"]},
        "measured": measured,
        "command": "",
        "started_at": now - took,
        "finished_at": now,
    }
    return session.execute(RUNS, values).scalar_one()


def _packed(continuations: Mapping[str, Any] | None) -> bytes | None:
    return None if continuations is None else pack_json(continuations)


def _name(name: str | None) -> str | None:
    return _text(name, "name", LONGEST_NAME)


def _note(note: str | None) -> str | None:
    return _text(note, "note", LONGEST_NOTE)


def _text(given: str | None, what: str, longest: int) -> str | None:
    text = storable(given or "").strip()
    if len(text) > longest:
        raise BadRequestError(
            f"The {what} has {len(text):,} characters.", hint=f"Say it in at most {longest:,}."
        )
    return text or None
