"""The documents of a corpus, in their order."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import BadRequestError
from app.store.paging import check_limit
from app.store.queries.corpus import get_corpus
from app.store.tables import CorpusTable, DocumentTable
from app.store.views.base import Page
from app.store.views.corpus import DocumentView


def list_documents(
    session: Session, *, corpus: str, limit: int = 100, cursor: str | None = None
) -> Page[DocumentView]:
    """A page of the corpus's documents by number; the cursor is the last number seen."""
    check_limit(limit)
    name = get_corpus(session, name=corpus).name
    query = (
        select(DocumentTable)
        .join(CorpusTable, CorpusTable.id == DocumentTable.corpus_id)
        .where(CorpusTable.name == name, DocumentTable.number > _read(cursor))
        .order_by(DocumentTable.number)
        .limit(limit + 1)
    )
    rows = session.scalars(query).all()
    items = [
        DocumentView(
            corpus=name,
            number=row.number,
            title=row.title,
            domain=row.domain,
            origin=row.origin,
            group=row.group,
            split=row.split,
            sha256=row.sha256,
            n_characters=row.n_characters,
        )
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return Page[DocumentView](items=items, next_cursor=str(items[-1].number) if more else None)


def _read(cursor: str | None) -> int:
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 9):
        raise BadRequestError("The cursor is not one of this list.", hint="Leave it out.")
    return int(cursor)
