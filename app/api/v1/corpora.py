"""Corpora and their documents."""

from fastapi import APIRouter, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import CorpusName, Cursor, DocumentNumber, Limit
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.store.queries import corpus as corpora
from app.store.queries import document as documents
from app.store.views.base import Page
from app.store.views.corpus import CorpusView, DocumentView

router = APIRouter(prefix="/api/v1/corpora", tags=["corpora"], responses=problems_of(404))


@router.get("", response_model=list[CorpusView], summary="List the corpora")
def list_corpora(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Every corpus that you see, with how it was read and split: those that a run of a model of
    yours has read, or all."""
    return answer(request, corpora.list_corpora(session, models=actor.sees))


@router.get("/{corpus}", response_model=CorpusView, summary="Get one corpus")
def get_corpus(request: Request, session: ReadSession, corpus: CorpusName) -> Response:
    """One corpus: source, checksum, documents per split, what was left out and why."""
    return answer(request, corpora.get_corpus(session, name=corpus))


@router.get(
    "/{corpus}/documents",
    response_model=Page[DocumentView],
    summary="List a corpus's documents",
)
def list_documents(
    request: Request,
    session: ReadSession,
    corpus: CorpusName,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The documents by number, each with its domain, origin and split."""
    page = documents.list_documents(session, corpus=corpus, limit=limit, cursor=cursor)
    return answer(request, page)


@router.get("/{corpus}/documents/{number}", response_model=DocumentView, summary="Get one document")
def get_document(
    request: Request, session: ReadSession, corpus: CorpusName, number: DocumentNumber
) -> Response:
    """Where one document came from and which split it is in."""
    return answer(request, corpora.get_document(session, corpus=corpus, number=number))
