"""People mark what they want to find again, each for themselves."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, NotFoundError
from app.store.bookmarking import bookmark, remove_bookmark, unmark
from app.store.engine import open_session
from app.store.queries.bookmark import list_bookmarks, marked_models
from app.store.topics import named_topic
from tests.store.talking import on_explanation, on_unit


def mark(engine: Engine, on, actor: str = "ada", note: str | None = None):
    with open_session(engine, commit=True) as session:
        return bookmark(session, on(session), actor=actor, note_text=note)


def marks(engine: Engine, actor: str = "ada", sees=None, **more):
    with open_session(engine) as session:
        return list_bookmarks(session, actor=actor, sees=sees, **more).items


def test_units_and_explanations_are_marked_apart(explained: Engine):
    mark(explained, on_unit(0), note="first")
    mark(explained, on_explanation(1))
    mark(explained, on_unit(1))
    found = marks(explained)
    assert [(one.index, one.explanation_id, one.note) for one in found] == [
        (1, None, ""), (0, 1, ""), (0, None, "first"),
    ]  # fmt: skip
    assert found[1].says
    assert marks(explained, "bo") == []


def test_a_note_stays_until_another_is_given(explained: Engine):
    mark(explained, on_unit(), note="why")
    assert mark(explained, on_unit()).note == "why"
    assert mark(explained, on_unit(), note="").note == ""
    assert len(marks(explained)) == 1


def test_nothing_is_marked_twice_at_once(explained: Engine):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: mark(explained, on_unit(n % 2)), range(24)))
    assert len(marks(explained)) == 2


def test_others_bookmarks_are_left_alone(explained: Engine):
    number = mark(explained, on_unit()).id
    with open_session(explained, commit=True) as session:
        with pytest.raises(NotFoundError):
            remove_bookmark(session, bookmark_id=number, actor="bo")
        assert not unmark(session, on_unit()(session), actor="bo")
        remove_bookmark(session, bookmark_id=number, actor="ada")
    assert marks(explained) == []


def test_of_a_model_that_one_sees_no_more_nothing_is_listed(explained: Engine):
    mark(explained, on_unit())
    assert marks(explained, sees={"other"}) == []
    assert len(marks(explained, sees={"toy"}, model="toy")) == 1
    with open_session(explained) as session:
        assert marked_models(session, actor="ada", sees=None) == ["toy"]
        assert marked_models(session, actor="ada", sees={"other"}) == []


@pytest.mark.parametrize(
    "named", [{}, {"site": "mlp.0"}, {"circuit": "a", "site": "mlp.0", "index": 1}]
)
def test_what_is_unclear_is_not_marked(explained: Engine, named):
    with open_session(explained) as session, pytest.raises(BadRequestError):
        named_topic(session, model="toy", **named)


def test_an_explanation_of_another_model_is_not_told_of(explained: Engine):
    with open_session(explained) as session, pytest.raises(NotFoundError):
        named_topic(session, model="other", explanation_id=1)
