"""Corpora and their documents."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.locating import ordered_splits
from app.store.paging import is_integer, is_name
from app.store.queries.held_out import held_out
from app.store.tables import CorpusTable, DocumentTable, ModelTable, RunTable
from app.store.views.corpus import CorpusView, DocumentView

MISSING: Final = {
    "fit": "No document is in fit: a sweep ranks nothing there, finds no units that are related by "
    "activity, and pages, which show fit first, begin empty.",
    "calibration": "No document is in calibration: thresholds and scales cannot be adjusted on "
    "texts of their own.",
    "test": "No document is in test: there are no numbers, windows or pools of held-out texts, so "
    "nothing can be shown to hold on texts that it was not found in.",
}


def list_corpora(session: Session, *, models: Collection[str] | None = None) -> list[CorpusView]:
    """By name; `models`: only those that a run of one of these has read."""
    query = select(CorpusTable).order_by(CorpusTable.name)
    if models is not None:
        query = query.where(
            exists()
            .where(RunTable.corpus_id == CorpusTable.id, RunTable.model_id == ModelTable.id)
            .where(ModelTable.name.in_(models))
        )
    rows = session.scalars(query)
    return [_view(session, row) for row in rows]


def get_corpus(session: Session, *, name: str) -> CorpusView:
    return _view(session, _find(session, name))


def get_document(session: Session, *, corpus: str, number: int) -> DocumentView:
    row = _find(session, corpus)
    document = None
    if is_integer(number):
        query = select(DocumentTable).filter_by(corpus_id=row.id, number=number)
        document = session.scalars(query).one_or_none()
    if document is None:
        raise NotFoundError(
            f"Corpus {corpus} has no document {number}.",
            hint=f"Its documents are 0 to {row.n_documents - 1}.",
        )
    return DocumentView(
        corpus=row.name,
        number=document.number,
        title=document.title,
        domain=document.domain,
        origin=document.origin,
        group=document.group,
        split=document.split,
        sha256=document.sha256,
        n_characters=document.n_characters,
    )


def _find(session: Session, name: str) -> CorpusTable:
    row = None
    if is_name(name):
        row = session.scalars(select(CorpusTable).filter_by(name=name)).one_or_none()
    if row is None:
        raise no_corpus(name)
    return row


def no_corpus(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no corpus {name!r}.",
        hint="Add it with `patchclamp corpora add`, or see `patchclamp corpora list`.",
    )


def _view(session: Session, row: CorpusTable) -> CorpusView:
    rows = session.execute(
        select(
            DocumentTable.split,
            func.count().label("n"),
            func.sum(DocumentTable.n_characters).label("size"),
        )
        .where(DocumentTable.corpus_id == row.id)
        .group_by(DocumentTable.split)
    )
    counted = {found.split: (found.n, int(found.size)) for found in rows}
    splits = ordered_splits(counted)
    return CorpusView(
        name=row.name,
        title=row.title,
        source=row.source,
        source_kind=row.source_kind,
        documents_sha256=row.documents_sha256,
        n_documents=row.n_documents,
        n_characters=row.n_characters,
        splits={split: counted[split][0] for split in splits},
        characters={split: counted[split][1] for split in splits},
        warnings=_warnings(splits, row.source_kind),
        held_out=held_out(session, corpus_id=row.id),
        reading=row.reading,
        created_at=row.created_at,
    )


def _warnings(splits: Collection[str], kind: str) -> list[str]:
    """One sentence for each of fit, calibration and test that is empty, then what to do."""
    missing = [told for split, told in MISSING.items() if split not in splits]
    if not missing:
        return []
    remedy = "Add more documents, or fewer that share a group, under another name"
    if kind == "txt":
        remedy += (
            "; a .txt file is one document, however long, and --by-paragraph makes one of each of "
            "its paragraphs"
        )
    return [*missing, f"{remedy}."]
