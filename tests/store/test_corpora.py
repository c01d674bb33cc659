import pytest
from sqlalchemy import Engine

from app.errors import NotFoundError
from app.store.engine import open_session
from app.store.queries.corpus import get_corpus, get_document, list_corpora
from app.store.tables import DocumentTable
from tests.conftest import Filled
from tests.store.rows import corpus as corpus_row


def test_a_corpus_counts_its_documents_by_split(filled: Filled):
    with open_session(filled.engine) as session:
        (corpus,) = list_corpora(session)
        assert get_corpus(session, name="starter") == corpus
    assert list(corpus.splits) == ["fit", "calibration", "test", "ood:code"]
    assert sum(corpus.splits.values()) == corpus.n_documents
    assert list(corpus.characters) == list(corpus.splits)
    assert sum(corpus.characters.values()) == corpus.n_characters
    assert corpus.warnings == []


def test_what_follows_from_empty_splits_is_said_and_what_to_do(engine: Engine):
    with open_session(engine, commit=True) as session:
        session.add(row := corpus_row())
        session.flush()
        session.add(
            DocumentTable(
                corpus_id=row.id, number=0, title="a", domain="text", origin="a.txt", split="test",
                sha256="0", n_characters=1,
            )
        )  # fmt: skip
    with open_session(engine) as session:
        corpus = get_corpus(session, name="starter")
    assert corpus.splits == {"test": 1}
    *missing, remedy = corpus.warnings
    assert [warning.split(":")[0] for warning in missing] == [
        "No document is in fit",
        "No document is in calibration",
    ]
    assert "more documents" in remedy
    assert "--by-paragraph" in remedy


def test_a_document_is_found_by_its_number(filled: Filled):
    with open_session(filled.engine) as session:
        document = get_document(session, corpus="starter", number=1)
    assert document.title == "<b>Bold</b> & <script>alert(2)</script>"
    assert document.corpus == "starter"


@pytest.mark.parametrize("name", ["none", "", "a\0b", "../starter"])
def test_a_corpus_that_was_not_added_is_not_found(filled: Filled, name: str):
    with open_session(filled.engine) as session, pytest.raises(NotFoundError) as caught:
        get_corpus(session, name=name)
    assert "patchclamp corpora add" in str(caught.value.hint)


@pytest.mark.parametrize("number", [-1, 99, 10**30])
def test_a_document_that_is_not_there_is_not_found(filled: Filled, number: int):
    with open_session(filled.engine) as session, pytest.raises(NotFoundError) as caught:
        get_document(session, corpus="starter", number=number)
    assert caught.value.hint == "Its documents are 0 to 7."
