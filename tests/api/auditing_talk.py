"""The calls by which people talk, vote and mark, beside those of `auditing.py`."""

from typing import Final

from app.store.commenting import comment
from app.store.engine import open_session
from app.store.topics import unit_topic
from app.store.voting import vote
from tests.api.auditing import MODEL, UNIT, V1, Call, M, Site
from tests.api.auditing_people import OWNER, as_root

TOPIC: Final = {"model": MODEL, "site": "mlp.0", "index": 5}
FEATURE: Final = {"modelId": MODEL, "layer": "0-mlp", "index": "5"}
NAME: Final = {"name": "Renamed"}
SAYS: Final = {"text": "Months."}


def said(on: Site, text: str = "Hm.", actor: str = OWNER) -> int:
    with open_session(on.engine, commit=True) as session:
        topic = unit_topic(session, model=MODEL, site="mlp.0", index=5)
        return comment(session, topic, text=text, actor=actor).id


def named(on: Site) -> None:
    said(on, "@root", "somebody")


def voted(on: Site) -> int:
    number = on.explanation
    with open_session(on.engine, commit=True) as session:
        vote(session, explanation_id=number, actor=OWNER, value=1)
    return number


def marked(on: Site) -> int:
    return int(on.client.post(f"{V1}/bookmarks", json=TOPIC).json()["id"])


def unmark(on: Site):
    marked(on)
    return on.client.post("/bookmarks/remove", data=TOPIC)


def unmark_theirs(on: Site):
    marked(on)
    return on.client.post("/api/bookmark/delete", json=FEATURE)


CALLS_OF_TALK: Final[dict[str, tuple[str, str, Call]]] = {
    f"POST {V1}/models/{{model}}/sites/{{site}}/units/{{index}}/comments": (
        "comment.written", OWNER,
        lambda on: on.client.post(f"{M}/sites/mlp.0/units/5/comments", json=SAYS),
    ),
    f"POST {V1}/explanations/{{explanation_id}}/comments": (
        "comment.written", OWNER,
        lambda on: on.client.post(f"{V1}/explanations/{on.explanation}/comments", json=SAYS),
    ),
    f"POST {V1}/models/{{model}}/circuits/{{slug}}/comments": (
        "comment.written", OWNER,
        lambda on: on.client.post(f"{M}/circuits/names/comments", json=SAYS),
    ),
    f"PATCH {V1}/comments/{{comment_id}}": (
        "comment.edited", OWNER,
        lambda on: on.client.patch(f"{V1}/comments/{said(on)}", json=SAYS),
    ),
    f"DELETE {V1}/comments/{{comment_id}}": (
        "comment.withdrawn", OWNER, lambda on: on.client.delete(f"{V1}/comments/{said(on)}"),
    ),
    f"PUT {V1}/explanations/{{explanation_id}}/vote": (
        "explanation.voted", OWNER,
        lambda on: on.client.put(f"{V1}/explanations/{on.explanation}/vote", json={"value": 1}),
    ),
    f"DELETE {V1}/explanations/{{explanation_id}}/vote": (
        "explanation.vote_taken_back", OWNER,
        lambda on: on.client.delete(f"{V1}/explanations/{voted(on)}/vote"),
    ),
    f"POST {V1}/bookmarks": (
        "bookmark.kept", OWNER, lambda on: on.client.post(f"{V1}/bookmarks", json=TOPIC),
    ),
    f"DELETE {V1}/bookmarks/{{bookmark_id}}": (
        "bookmark.removed", OWNER, lambda on: on.client.delete(f"{V1}/bookmarks/{marked(on)}"),
    ),
    f"POST {V1}/inbox/read": (
        "inbox.read", "root", as_root(f"{V1}/inbox/read", named, json={}),
    ),
    "POST /m/{model}/{site}/{index}/comments": (
        "comment.written", OWNER, lambda on: on.client.post(f"{UNIT}/comments", data=SAYS),
    ),
    "POST /m/{model}/{site}/{index}/explanations/{number}/comments": (
        "comment.written", OWNER,
        lambda on: on.client.post(f"{UNIT}/explanations/{on.explanation}/comments", data=SAYS),
    ),
    "POST /m/{model}/circuits/{slug}/comments": (
        "comment.written", OWNER,
        lambda on: on.client.post(f"/m/{MODEL}/circuits/names/comments", data=SAYS),
    ),
    "POST /comments/{comment_id}/edit": (
        "comment.edited", OWNER,
        lambda on: on.client.post(f"/comments/{said(on)}/edit", data=SAYS),
    ),
    "POST /comments/{comment_id}/withdraw": (
        "comment.withdrawn", OWNER,
        lambda on: on.client.post(f"/comments/{said(on)}/withdraw"),
    ),
    "POST /m/{model}/{site}/{index}/explanations/{number}/vote": (
        "explanation.voted", OWNER,
        lambda on: on.client.post(
            f"{UNIT}/explanations/{on.explanation}/vote", data={"value": "-1"}
        ),
    ),
    "POST /bookmarks": (
        "bookmark.kept", OWNER, lambda on: on.client.post("/bookmarks", data=TOPIC),
    ),
    "POST /bookmarks/remove": ("bookmark.removed", OWNER, unmark),
    f"PATCH {V1}/lists/{{slug}}": (
        "list.changed", OWNER,
        lambda on: on.client.patch(f"{V1}/lists/{on.list}", json={"personal": True}),
    ),
    "POST /lists": ("list.created", OWNER, lambda on: on.client.post("/lists", data=NAME)),
    "POST /lists/{slug}/change": (
        "list.changed", OWNER, lambda on: on.client.post(f"/lists/{on.list}/change", data=NAME),
    ),
    "POST /lists/{slug}/delete": (
        "list.deleted", OWNER, lambda on: on.client.post(f"/lists/{on.list}/delete"),
    ),
    "POST /lists/{slug}/remove": (
        "list.unit_removed", OWNER,
        lambda on: on.client.post(f"/lists/{on.filled_list}/remove", data=on.unit),
    ),
    "POST /m/{model}/{site}/{index}/lists": (
        "list.units_added", OWNER, lambda on: on.client.post(f"{UNIT}/lists", data=NAME),
    ),
    "POST /api/list/remove": (
        "list.unit_removed", OWNER,
        lambda on: on.client.post(
            "/api/list/remove", json=FEATURE | {"index": "3", "listId": on.filled_list}
        ),
    ),
    "POST /api/list/update": (
        "list.changed", OWNER,
        lambda on: on.client.post("/api/list/update", json=NAME | {"listId": on.list}),
    ),
    "POST /api/list/delete": (
        "list.deleted", OWNER,
        lambda on: on.client.post("/api/list/delete", json={"listId": on.list}),
    ),
    "POST /api/comment/new": (
        "comment.written", OWNER,
        lambda on: on.client.post("/api/comment/new", json=FEATURE | SAYS),
    ),
    "POST /api/comment/delete": (
        "comment.withdrawn", OWNER,
        lambda on: on.client.post("/api/comment/delete", json={"id": said(on)}),
    ),
    "POST /api/bookmark/add": (
        "bookmark.kept", OWNER, lambda on: on.client.post("/api/bookmark/add", json=FEATURE),
    ),
    "POST /api/bookmark/delete": ("bookmark.removed", OWNER, unmark_theirs),
    "POST /inbox/read": ("inbox.read", "root", as_root("/inbox/read", named)),
}  # fmt: skip
"""By method and path: the action that it leaves, who did it, and one such call that succeeds."""
