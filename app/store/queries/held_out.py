"""How far the documents of `test` are from those of `fit`: other works, or other parts of the same.

A split that goes by document puts chapters of one novel on both sides. A score on such a test tells
of new passages, not of new texts, and pages say so. What the store knows: the group of a document
(nothing of a group is on both sides), and titles, of which parts of one work share what stands
before the first comma. Documents of a corpus never change, so each corpus is read once a process.
"""

from collections import Counter
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from app.store.locating import locate
from app.store.tables import DocumentTable
from app.store.views.held_out import HeldOutView

MOST_READ: Final = 20_000
"""Documents, by number, that are looked at: beyond, a page would wait."""
DOCUMENTS: Final = (
    select(DocumentTable.split, DocumentTable.group, DocumentTable.title, DocumentTable.origin)
    .where(DocumentTable.corpus_id == bindparam("corpus_id"))
    .order_by(DocumentTable.number)
    .limit(MOST_READ)
)
_known: WeakKeyDictionary[Pool, dict[int, HeldOutView]] = WeakKeyDictionary()
"""By the pool, which sessions that write share with those that read; their engines differ."""


def held_out(session: Session, *, corpus_id: int) -> HeldOutView:
    known = _known.setdefault(session.get_bind().engine.pool, {})
    if corpus_id in known:
        return known[corpus_id]
    view = _read(session, corpus_id)
    if view.n_read:
        known[corpus_id] = view
    return view


def held_out_of_model(
    session: Session, *, model: str, run_id: int | None = None
) -> HeldOutView | None:
    """Of the corpus of its sweep."""
    corpus_id = locate(session, model=model, run_id=run_id).corpus_id
    return None if corpus_id is None else held_out(session, corpus_id=corpus_id)


def _read(session: Session, corpus_id: int) -> HeldOutView:
    rows = session.execute(DOCUMENTS, {"corpus_id": corpus_id}).all()
    works: dict[str, Counter[str]] = {"fit": Counter(), "test": Counter()}
    n_test = n_grouped = 0
    for split, group, title, origin in rows:
        if split == "test":
            n_test += 1
            n_grouped += bool(group)
        # without a title of its own a document is called by its place in the file
        if split in works and not group and title != origin and ", " in title:
            works[split][title.partition(", ")[0]] += 1
    shared = {work: n for work, n in works["test"].items() if work in works["fit"]}
    return HeldOutView(
        n_read=len(rows),
        complete=len(rows) < MOST_READ,
        n_test=n_test,
        n_grouped=n_grouped,
        n_same_work=sum(shared.values()),
        example=max(shared, key=lambda work: (shared[work], work), default=None),
    )
