"""How near the documents of test are to those of fit."""

import pytest
from sqlalchemy import Engine

from app.store.engine import open_session
from app.store.queries.held_out import held_out
from app.store.tables import DocumentTable
from app.store.views.held_out import HeldOutView
from tests.store.rows import corpus as corpus_row


def read(engine: Engine, *documents: tuple[str, str, str]) -> HeldOutView:
    """`documents`: split, title, group."""
    with open_session(engine, commit=True) as session:
        session.add(row := corpus_row())
        session.flush()
        session.add_all(
            DocumentTable(
                corpus_id=row.id, number=number, title=title, domain="text", origin=f"from {title}",
                split=split, group=group, sha256=str(number), n_characters=1,
            )
            for number, (split, title, group) in enumerate(documents)
        )  # fmt: skip
        session.flush()
        return held_out(session, corpus_id=row.id)


def test_chapters_of_one_novel_on_both_sides_are_other_parts_of_the_same_work(engine: Engine):
    view = read(
        engine,
        ("fit", "Moby-Dick, Chapter 1", ""),
        ("test", "Moby-Dick, Chapter 2", ""),
        ("test", "Moby-Dick, Chapter 3", ""),
        ("test", "Emma, Chapter 1", ""),
        ("test", "A speech, 1801", "Jefferson"),
        ("ood:code", "Moby-Dick, in BASIC", ""),
    )
    assert (view.n_test, view.n_grouped, view.n_same_work) == (4, 1, 2)
    assert view.example == "Moby-Dick"
    assert view.words is not None
    assert "2 of 4 test documents are most likely other parts of works" in view.words


def test_documents_of_groups_are_apart_and_nothing_is_said(engine: Engine):
    view = read(engine, ("fit", "Emma, 1", "Austen"), ("test", "Moby-Dick, 1", "Melville"))
    assert (view.n_test, view.n_grouped, view.n_same_work) == (1, 1, 0)
    assert view.words is None


@pytest.mark.parametrize("title", ["One text", "Emma, Chapter 1"])
def test_without_groups_it_is_said_that_documents_were_split_one_by_one(engine: Engine, title: str):
    view = read(engine, ("fit", "Another text", ""), ("test", title, ""))
    assert (view.n_same_work, view.example) == (0, None)
    assert view.words is not None
    assert "document by document" in view.words


def test_of_a_corpus_that_is_too_large_the_first_documents_are_read(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("app.store.queries.held_out.MOST_READ", 2)
    view = read(engine, ("fit", "a, 1", ""), ("test", "a, 2", ""))
    assert not view.complete
    assert view.words is not None
    assert view.words.startswith("Of the first 2 documents: 1 of 1 test documents")
