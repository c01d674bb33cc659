"""Who talks, votes and marks in tests of the store."""

from sqlalchemy import Engine

from app.store.accounts.members import set_role
from app.store.accounts.people import create_account
from app.store.commenting import comment
from app.store.engine import open_session
from app.store.queries.comment import discussion_of
from app.store.topics import Topic, explanation_topic, unit_topic
from app.store.views.comment import CommentView, DiscussionView

PEOPLE = ("ada", "bo", "cy")


def people(engine: Engine) -> None:
    """Ada, Bo and Cy annotate the first model; Eve annotates the other one only."""
    with open_session(engine, commit=True) as session:
        for name in (*PEOPLE, "eve"):
            create_account(session, name=name)
        for name in PEOPLE:
            set_role(session, name=name, model="toy", role="annotator")
        set_role(session, name="eve", model="other", role="owner")


def on_unit(index: int = 3):
    return lambda session: unit_topic(session, model="toy", site="mlp.0", index=index)


def on_explanation(number: int = 1):
    return lambda session: explanation_topic(session, explanation_id=number)


def say(
    engine: Engine, text: str, actor: str = "ada", *, parent: int | None = None, on=None
) -> CommentView:
    with open_session(engine, commit=True) as session:
        topic: Topic = (on or on_unit())(session)
        return comment(session, topic, text=text, actor=actor, parent_id=parent)


def read(engine: Engine, actor: str = "ada", *, on=None, **more) -> DiscussionView:
    with open_session(engine) as session:
        topic: Topic = (on or on_unit())(session)
        return discussion_of(session, topic, actor=actor, may_judge=True, **more)
