"""Search over explanations and tokens."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.answering import answer
from app.api.describing import problems_of
from app.api.parameters import SearchQuery
from app.auth.actor import CurrentActor
from app.dependencies import ReadSession
from app.embedding import embed
from app.store.queries import search as searching
from app.store.views.search import SearchView

router = APIRouter(prefix="/api/v1/search", tags=["search"])


@router.get("", response_model=SearchView, summary="Search", responses=problems_of(404))
def search(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    query: Annotated[SearchQuery, Query()],
) -> Response:
    """Units whose explanations, top exemplars or output tokens have all the words, and, where
    sentence embeddings are installed, whose explanations mean something alike. Each says why it
    was found. Of very common words the best tested matches are ranked: `considered` says so."""
    asked = query.model_dump(exclude={"q"})
    view = searching.search(
        session, query=query.q, vector=embed(query.q), models=actor.sees, **asked
    )
    return answer(request, view)
