"""What happened around a model: read from the audit log, and no more than may be told."""

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, NotFoundError
from app.store.audit.noting import note
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.activity import list_activity
from app.store.voting import vote
from tests.store.talking import on_explanation, say


def happen(engine: Engine) -> None:
    """Bo judges, Ada votes, Bo comments; and what nobody is told of."""
    with open_session(engine, commit=True) as session:
        judge(session, explanation_id=2, actor="bo", rating=Rating("reject", note="Wrong"))
        vote(session, explanation_id=2, actor="ada", value=-1)
        note(session, action="export.statistics", subject="model toy", model="toy", actor="eve")
        note(session, action="explanation.created", subject="explanation 1", model="other")
    say(engine, "A long word: sesquipedalian", "bo", on=on_explanation(2))


def lines(engine: Engine, **asked):
    with open_session(engine) as session:
        return list_activity(session, model="toy", **asked)


def test_it_is_told_who_did_what_to_which_unit(explained: Engine):
    happen(explained)
    found = lines(explained).items
    assert [(one.actor, one.kind, one.explanation_id) for one in found] == [
        ("bo", "commented", 2), ("ada", "voted", 2), ("bo", "judged", 2),
    ]  # fmt: skip
    assert {(one.site, one.index) for one in found} == {("mlp.0", 1)}
    assert found[1].says


def test_what_a_verdict_a_vote_or_a_comment_was_is_not_told(explained: Engine):
    happen(explained)
    told = "".join(one.model_dump_json() for one in lines(explained).items)
    assert not any(word in told for word in ("reject", "Wrong", "value", "sesquipedalian"))


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"kinds": ["judged"]}, ["judged"]),
        ({"actor": "bo"}, ["commented", "judged"]),
        ({"kinds": ["voted", "commented"], "actor": "ada"}, ["voted"]),
        ({"actor": "nobody"}, []),
        ({"actor": "x\0y"}, []),
    ],
)
def test_it_is_narrowed_by_person_and_kind(explained: Engine, asked, kinds: list[str]):
    happen(explained)
    assert [one.kind for one in lines(explained, **asked).items] == kinds


def test_it_comes_by_pages(explained: Engine):
    happen(explained)
    seen, cursor = [], None
    for _ in range(3):
        page = lines(explained, limit=1, cursor=cursor)
        seen += [one.kind for one in page.items]
        cursor = page.next_cursor
    assert (seen, cursor) == (["commented", "voted", "judged"], None)


def test_of_what_is_no_model_nothing_is_told(explained: Engine):
    with open_session(explained) as session:
        with pytest.raises(NotFoundError):
            list_activity(session, model="none")
        with pytest.raises(BadRequestError):
            list_activity(session, model="toy", cursor="x")


def test_a_rare_kind_is_found_by_an_index(explained: Engine):
    """However much else happened: nothing of the log is read through."""
    if explained.dialect.name == "sqlite":
        with explained.connect() as connection:
            plan = connection.exec_driver_sql(
                "EXPLAIN QUERY PLAN SELECT id FROM audit WHERE model = 'toy' AND action = 'a.b' "
                "ORDER BY id DESC LIMIT 51"
            ).all()
        assert "USING COVERING INDEX ix_audit_model_action_id" in str(plan)
        assert "TEMP B-TREE" not in str(plan)
