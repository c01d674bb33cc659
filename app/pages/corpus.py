"""`/corpora`, each corpus and its documents: what was read, and where each text is from."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.rendering.answers import respond
from app.store.queries.corpus import get_corpus, get_document, list_corpora
from app.store.queries.document import list_documents

router = APIRouter()


@router.get("/corpora")
def show_corpora(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    corpora = list_corpora(session, models=actor.sees)
    return respond(request, "corpus/list.html", {"corpora": corpora})


@router.get("/corpora/{name}")
def show_corpus(
    request: Request,
    session: ReadSession,
    name: str,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    context = {
        "corpus": get_corpus(session, name=name),
        "documents": list_documents(session, corpus=name, limit=100, cursor=cursor),
        "cursor": cursor,
    }
    return respond(request, "corpus/page.html", context)


@router.get("/corpora/{name}/{number}")
def show_document(
    request: Request,
    session: ReadSession,
    name: str,
    number: Annotated[int, Path(ge=0, le=2**31 - 1)],
) -> Response:
    context = {
        "corpus": get_corpus(session, name=name),
        "document": get_document(session, corpus=name, number=number),
    }
    return respond(request, "corpus/document.html", context)
