"""The windows that a run read, in order of their numbers: fit first, each split in random order."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.packing import unpack
from app.store.paging import check_limit, is_integer, read_cursor, write_cursor
from app.store.queries.model import vocabulary_of
from app.store.reading import texts
from app.store.tables import DocumentTable, ModelTable, RunTable, WindowTable
from app.store.views.base import Page
from app.store.views.window import WindowView

SORT = "windows"


def list_windows(
    session: Session,
    *,
    run_id: int,
    split: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[WindowView]:
    """Raises NotFoundError for a run that is not there, or that read no windows."""
    check_limit(limit)
    run = None
    if is_integer(run_id):
        run = session.execute(
            select(
                RunTable.window_set_id,
                RunTable.corpus_id,
                RunTable.model_id,
                ModelTable.tokenizer_sha256,
            )
            .join(ModelTable, ModelTable.id == RunTable.model_id)
            .where(RunTable.id == run_id)
        ).one_or_none()
    if run is None:
        raise NotFoundError(f"There is no run {run_id}.", hint="See the runs on a model's page.")
    if run.window_set_id is None:
        raise NotFoundError(f"Run {run_id} read no windows.", hint="Ask for those of a sweep.")
    query = (
        select(
            WindowTable.number, WindowTable.split, WindowTable.document, WindowTable.start,
            WindowTable.tokens, DocumentTable.title, DocumentTable.domain,
        )
        .join(DocumentTable, DocumentTable.number == WindowTable.document)
        .where(
            WindowTable.window_set_id == run.window_set_id,
            DocumentTable.corpus_id == run.corpus_id,
        )
        .order_by(WindowTable.number)
        .limit(limit + 1)
    )  # fmt: skip
    if split is not None:
        query = query.where(WindowTable.split == split)
    if cursor is not None:
        query = query.where(WindowTable.number > read_cursor(cursor, SORT)[1])
    rows = session.execute(query).all()
    vocabulary = vocabulary_of(
        session, model_id=run.model_id, tokenizer_sha256=run.tokenizer_sha256
    )
    items = []
    for row in rows[:limit]:
        ids = unpack(row.tokens, np.uint32).tolist()
        items.append(
            WindowView(
                number=row.number,
                split=row.split,
                document=row.document,
                document_title=row.title,
                domain=row.domain,
                start=row.start,
                tokens=texts(vocabulary, ids),
                token_ids=ids,
            )
        )
    more = len(rows) > limit
    return Page[WindowView](
        items=items, next_cursor=write_cursor(SORT, None, items[-1].number) if more else None
    )


def get_window(session: Session, *, run_id: int, number: int) -> WindowView:
    """One window by its number. Raises NotFoundError."""
    cursor = write_cursor(SORT, None, number - 1) if number > 0 else None
    page = list_windows(session, run_id=run_id, limit=1, cursor=cursor)
    found = next((window for window in page.items if window.number == number), None)
    if found is None:
        raise NotFoundError(
            f"Run {run_id} read no window {number}.", hint="See the windows on a unit's page."
        )
    return found
