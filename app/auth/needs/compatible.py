"""What each route of Neuronpedia's needs. Here once: it is the same with a slash at its end."""

from typing import Final

from app.auth.need import Made, Need, Reach, Subject
from app.auth.needs.named import (
    ANNOTATE,
    ANY_ACCOUNT,
    MANAGE,
    REVIEW,
    RUN,
    RUNS_SENT,
    SEE,
    SENT_ID,
    TAKEN,
    WORK,
    WORKS_SOMEWHERE,
)

COMPATIBLE_NEEDS: Final[dict[str, Need]] = {
    # what spans models
    "POST /api/explanation/search-all": ANY_ACCOUNT,
    "POST /api/vector/list-owned": ANY_ACCOUNT,
    "POST /api/list/list": ANY_ACCOUNT,
    "POST /api/user/bookmarks": ANY_ACCOUNT,
    "POST /api/graph/list-owned": ANY_ACCOUNT,
    # a model, read
    "GET /api/feature/{model}/{source}/{index}": TAKEN,
    "GET /api/graph/{model}/{slug}": TAKEN,
    "POST /api/explanation/search-model": Need(SEE, SENT_ID),
    "POST /api/explanation/search": Need(SEE, SENT_ID),
    "POST /api/vector/get": Need(SEE, SENT_ID, whole=True),
    # what has an address of its own, read
    "POST /api/list/get": Need(SEE, Subject("list", "json", "listId")),
    # the loaded model
    "POST /api/activation/new": Need(RUN, Subject("model", "json", "feature.modelId")),
    "POST /api/activation/source": RUNS_SENT,
    "POST /api/search-all": RUNS_SENT,
    "POST /api/search-topk-by-token": RUNS_SENT,
    "POST /api/steer": RUNS_SENT,
    "POST /api/steer-chat": RUNS_SENT,
    # what people write and keep
    "POST /api/vector/new": Need(ANNOTATE, SENT_ID),
    "POST /api/vector/delete": Need(
        ANNOTATE, SENT_ID, others=MANAGE, made=Made("vector", "json", "index")
    ),
    "POST /api/list/new": Need(ANNOTATE, Reach.SOMEWHERE),
    "POST /api/list/add-features": Need(ANNOTATE, Subject("list", "json", "listId")),
    "POST /api/list/remove": Need(ANNOTATE, Subject("list", "json", "listId"), beside=(SENT_ID,)),
    "POST /api/list/update": Need(ANNOTATE, Subject("list", "json", "listId"), others=REVIEW),
    "POST /api/list/delete": Need(ANNOTATE, Subject("list", "json", "listId"), others=MANAGE),
    "POST /api/comment/new": Need(ANNOTATE, SENT_ID),
    "POST /api/comment/delete": Need(ANNOTATE, Subject("comment", "json", "id"), others=REVIEW),
    "POST /api/bookmark/add": Need(SEE, SENT_ID, keeps=True),
    "POST /api/bookmark/delete": Need(SEE, SENT_ID, keeps=True),
    "POST /api/graph/delete": Need(
        ANNOTATE, SENT_ID, others=MANAGE, made=Made("circuit", "json", "slug")
    ),
    # work that is asked for, and what is brought in
    "POST /api/graph/generate": Need(WORK, SENT_ID),
    "POST /api/graph/signed-put": WORKS_SOMEWHERE,
    "PUT /api/graph-uploads/{token}": WORKS_SOMEWHERE,
    "POST /api/graph/save-to-db": WORKS_SOMEWHERE,  # the handler asks of the file's model
}
