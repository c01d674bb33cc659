"""Explanations in the order of units, for whoever writes them all down: a million in little memory.

Each few are read in a session of their own, so that none is held while a slow reader waits. What
was added after the export began is left out (`as_of`), so that one that goes on later does not mix
two states; what was withdrawn meanwhile is left out from there on. As on pages, runs
on other sweeps than the one that is shown are left out, and what a later run of the same method
explained again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, Row, bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.engine import open_session
from app.store.locating import no_model, require_model
from app.store.portable import ExplanationRecord, Receiver, SiteSize, Span
from app.store.queries.later_run import OF_SWEEP, Later, explained_again
from app.store.queries.model import check_choice
from app.store.queries.score import METHODS, OF_EXPLANATIONS
from app.store.tables import ExplanationTable, ModelTable, SiteTable, VocabularyTable
from app.store.writing_explanations import ScoreRow

AT_ONCE: Final = 500
Explanations = ExplanationTable
NEXT = (
    select(
        Explanations.id, Explanations.unit_index, Explanations.text, Explanations.program,
        Explanations.method, Explanations.author, Explanations.bits, Explanations.n_rules,
        Explanations.n_listed, Explanations.created_at, Explanations.details, Explanations.run_id,
    )
    .where(
        Explanations.site_id == bindparam("site_id"),
        Explanations.unit_index >= bindparam("unit_index"),
        Explanations.unit_index < bindparam("end"),
        tuple_(Explanations.unit_index, Explanations.id)
        > tuple_(bindparam("unit_index"), bindparam("after_id")),
        Explanations.id <= bindparam("as_of"),
        Explanations.status == "current",
        OF_SWEEP,
        ~explained_again(Later.id <= bindparam("as_of")),
    )
    .order_by(Explanations.unit_index, Explanations.id)
    .limit(AT_ONCE)
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """What is to be written down: the current explanations of a model, or some of them."""

    model: str
    weights_sha256: str
    sites: dict[str, SiteSize]
    """In order of layers."""
    site: str | None
    method: str | None
    as_of: int
    """The id of the newest explanation when the choice was made."""
    sweep_id: int | None
    """The sweep that is shown; None for a model that was never swept."""


def find_chosen(
    session: Session, *, model: str, site: str | None = None, method: str | None = None
) -> Chosen:
    """Raises NotFoundError for a model or site that is missing."""
    if method is not None:
        check_choice("method", method, METHODS)
    model_id = require_model(session, name=model)
    sites = _sites(session, model_id)
    if site is not None and site not in sites:
        raise NotFoundError(
            f"Model {model} has no site {site!r}.", hint=f"It has {told_sites(sites)}."
        )
    row = session.get_one(ModelTable, model_id)
    newest = session.scalar(select(func.max(Explanations.id)))
    return Chosen(
        model=row.name,
        weights_sha256=row.weights_sha256,
        sites=sites if site is None else {site: sites[site]},
        site=site,
        method=method,
        as_of=newest or 0,
        sweep_id=row.current_run_id,
    )


def find_receiver(session: Session, *, model: str) -> Receiver:
    """Raises NotFoundError where there is no such model; it need not have been swept."""
    model_id = require_model(session, name=model)
    row = session.get(ModelTable, model_id)
    if row is None:
        raise no_model(model)
    n_vocab = session.scalar(select(VocabularyTable.n_tokens).filter_by(model_id=model_id))
    return Receiver(model_id, row.name, row.current_run_id, n_vocab or 0, _sites(session, model_id))


def read_explanations(
    engine: Engine, chosen: Chosen, spans: Iterable[Span]
) -> Iterator[ExplanationRecord]:
    """By site, unit and id."""
    for span in spans:
        asked: dict[str, Any] = {
            "site_id": chosen.sites[span.site].site_id, "unit_index": span.first, "after_id": 0,
            "end": span.end, "as_of": chosen.as_of,
            "sweep_id": chosen.sweep_id,
        }  # fmt: skip
        query = NEXT if chosen.method is None else NEXT.where(Explanations.method == chosen.method)
        while True:
            with open_session(engine) as session:
                rows = session.execute(query, asked).all()
                scores = _scores(session, [row.id for row in rows])
            for row in rows:
                yield _record(chosen.model, span.site, row, scores[row.id])
            if len(rows) < AT_ONCE:
                break
            asked |= {"unit_index": rows[-1].unit_index, "after_id": rows[-1].id}


def read_all(engine: Engine, chosen: Chosen) -> Iterator[ExplanationRecord]:
    spans = [Span(site, 0, size.n_units) for site, size in chosen.sites.items()]
    return read_explanations(engine, chosen, spans)


def told_sites(sites: Iterable[str]) -> str:
    """At most a few, for an error."""
    names = list(sites)
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _sites(session: Session, model_id: int) -> dict[str, SiteSize]:
    query = select(SiteTable.name, SiteTable.id, SiteTable.n_units).filter_by(model_id=model_id)
    rows = session.execute(query.order_by(SiteTable.layer, SiteTable.kind.desc()))
    return {row.name: SiteSize(row.id, row.n_units) for row in rows}


def _scores(session: Session, ids: list[int]) -> dict[int, list[ScoreRow]]:
    found: dict[int, list[ScoreRow]] = defaultdict(list)
    if ids:
        for row in session.execute(OF_EXPLANATIONS, {"explanation_ids": ids}):
            found[row.explanation_id].append(
                ScoreRow(
                    row.split, row.judge, row.score_status, row.reason, row.n_windows,
                    row.n_documents, row.n_positions, row.n_failed, row.r, row.p,
                    bytes(row.values),
                )
            )  # fmt: skip
    return found


def _record(
    model: str, site: str, row: Row[*tuple[Any, ...]], scores: list[ScoreRow]
) -> ExplanationRecord:
    return ExplanationRecord(
        model=model,
        site=site,
        index=row.unit_index,
        text=row.text,
        program=row.program,
        method=row.method,
        author=row.author,
        bits=row.bits,
        n_rules=row.n_rules,
        n_listed=row.n_listed,
        created_at=row.created_at,
        details=row.details,
        scores=tuple(sorted(scores, key=lambda score: (score.split, score.judge))),
        id=row.id,
        run_id=row.run_id,
    )
