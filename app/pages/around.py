"""What stands around a unit, an explanation or a circuit on its page: what people say of it, how
they vote, whether the reader has marked it, and where the reader is told when that changes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.auth.actor import Actor
from app.auth.rights import Right
from app.rendering.addresses import ModelPages
from app.rendering.words import query
from app.store.queries.bookmark import marked
from app.store.queries.comment import discussion_of
from app.store.queries.news import newest_news
from app.store.queries.vote import votes_on
from app.store.topics import Topic
from app.store.views.bookmark import BookmarkView
from app.store.views.comment import DiscussionView


@dataclass(frozen=True)
class Talk:
    """A discussion, and what this reader may do there."""

    topic: Topic
    kind: str
    """unit, explanation or circuit."""
    here: str
    """Where comments are sent to, and read."""
    page: str
    """What it is about."""
    discussion: DiscussionView
    reader: str
    may_write: bool
    may_review: bool


@dataclass(frozen=True)
class Mark:
    """Whether the reader has marked it."""

    topic: Topic
    bookmark: BookmarkView | None


@dataclass(frozen=True)
class Watched:
    address: str
    after: int
    """What happened up to here is on the page."""


def around(
    session: Session, actor: Actor, topic: Topic, *, run: int | None = None
) -> dict[str, Any]:
    """`watched` is read first: what is said while the page is made is told again, not missed."""
    watched = Watched(watch_address(topic), newest_news(session))
    found: dict[str, Any] = {
        "watched": watched,
        "talk": talk_about(session, actor, topic, run=run),
        "mark": Mark(topic, marked(session, topic, actor=actor.name)),
    }
    if topic.explanation_id is not None:
        found["votes"] = votes_on(
            session,
            topic.explanation_id,
            actor=actor.name,
            may_judge=actor.could_be_asked(topic.model),
        )
        found["may_vote"] = actor.may(Right.ANNOTATE, topic.model)
    return found


def talk_about(
    session: Session,
    actor: Actor,
    topic: Topic,
    *,
    run: int | None = None,
    cursor: str | None = None,
) -> Talk:
    may_write = actor.may(Right.ANNOTATE, topic.model)
    kind, page, here = places_of(topic, run)
    return Talk(
        topic=topic,
        kind=kind,
        here=here,
        page=page,
        discussion=discussion_of(
            session,
            topic,
            actor=actor.name,
            may_judge=actor.could_be_asked(topic.model),
            cursor=cursor,
        ),
        reader=actor.name,
        may_write=may_write,
        may_review=actor.may(Right.REVIEW, topic.model),
    )


def places_of(topic: Topic, run: int | None = None) -> tuple[str, str, str]:
    """Its kind, its page, and where its comments are."""
    pages = ModelPages(topic.model, run)
    if topic.site is None or topic.unit_index is None:
        slug = topic.circuit or ""
        return "circuit", pages.circuit(slug), pages.circuit(slug, "comments")
    unit, number = (topic.site, topic.unit_index), topic.explanation_id
    if number is None:
        return "unit", pages.unit(*unit), pages.comments(*unit)
    here = pages.explanations(*unit, number, "comments")
    return "explanation", pages.explanation(*unit, number), here


def watch_address(topic: Topic) -> str:
    """Of an explanation it is its unit's: both stand on one page."""
    wanted = {
        "model": topic.model, "site": topic.site, "index": topic.unit_index,
        "circuit": topic.circuit,
    }  # fmt: skip
    return "/api/v1/events" + query(wanted)
