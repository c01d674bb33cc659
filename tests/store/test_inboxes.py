"""What concerns somebody waits for them, as long as they may see it."""

from sqlalchemy import Engine

from app.store.accounts.members import set_role
from app.store.commenting import withdraw_comment
from app.store.engine import open_session
from app.store.noticing import mark_read, tell_of_decision
from app.store.queries.notice import inbox_of
from app.store.tables import ExplanationTable
from tests.store.talking import on_explanation, on_unit, people, say


def inbox(engine: Engine, name: str, sees=None, **more):
    with open_session(engine) as session:
        return inbox_of(session, recipient=name, sees=sees, may_judge=lambda _: True, **more)


def kinds(engine: Engine, name: str) -> list[tuple[str, str]]:
    return [(one.kind, one.actor) for one in inbox(engine, name).items]


def written_by(engine: Engine, author: str, number: int = 1) -> None:
    with open_session(engine, commit=True) as session:
        row = session.get_one(ExplanationTable, number)
        row.method, row.author = "hand", author


def test_whom_a_comment_names_is_told_once(explained: Engine):
    people(explained)
    say(explained, "@bo @bo @eve @nobody", "ada")
    found = inbox(explained, "bo")
    assert (found.n_unread, len(found.items)) == (1, 1)
    one = found.items[0]
    assert (one.kind, one.actor, one.site, one.index) == ("mention", "ada", "mlp.0", 3)
    assert one.excerpt == "@bo @bo @eve @nobody"
    assert inbox(explained, "eve").items == inbox(explained, "ada").items == []


def test_whoever_spoke_in_a_thread_is_told_of_replies_but_of_their_own(explained: Engine):
    people(explained)
    first = say(explained, "One", "ada").id
    say(explained, "Two", "bo", parent=first)
    say(explained, "Three @ada", "cy", parent=first)
    assert kinds(explained, "ada") == [("mention", "cy"), ("reply", "bo")]
    assert kinds(explained, "bo") == [("reply", "cy")]
    assert kinds(explained, "cy") == []


def test_the_author_of_an_explanation_is_told_what_is_said_and_decided(explained: Engine):
    people(explained)
    written_by(explained, "ada")
    say(explained, "Hm", "bo", on=on_explanation())
    with open_session(explained, commit=True) as session:
        tell_of_decision(session, topic=on_explanation()(session), actor="cy")
    assert kinds(explained, "ada") == [("decision", "cy"), ("comment", "bo")]
    assert inbox(explained, "ada").items[0].explanation_id == 1


def test_whoever_sees_the_model_no_more_is_told_nothing_of_it(explained: Engine):
    people(explained)
    say(explained, "@bo", "ada")
    assert inbox(explained, "bo", sees=frozenset()).n_unread == 0
    assert inbox(explained, "bo", sees={"other"}).items == []
    with open_session(explained, commit=True) as session:
        set_role(session, name="bo", model="toy", role=None)
    say(explained, "@bo again", "ada")
    assert len(inbox(explained, "bo").items) == 1


def test_what_was_withdrawn_is_told_no_more(explained: Engine):
    people(explained)
    number = say(explained, "@bo", "ada").id
    with open_session(explained, commit=True) as session:
        withdraw_comment(session, comment_id=number, actor="ada")
    assert (inbox(explained, "bo").n_unread, inbox(explained, "bo").items) == (0, [])


def test_what_was_read_counts_no_more_and_others_is_left_alone(explained: Engine):
    people(explained)
    for n in range(3):
        say(explained, "@bo @cy", on=on_unit(n))
    newest = inbox(explained, "bo").items[0].id
    with open_session(explained, commit=True) as session:
        assert mark_read(session, recipient="cy", ids=[newest, 2**40]) == 0
        assert mark_read(session, recipient="bo", ids=[newest]) == 1
    assert (inbox(explained, "bo").n_unread, inbox(explained, "cy").n_unread) == (2, 3)
    with open_session(explained, commit=True) as session:
        assert mark_read(session, recipient="bo") == 2
    assert inbox(explained, "bo", unread=True).items == []
    page = inbox(explained, "bo", limit=2)
    assert len(page.items) == 2
    assert len(inbox(explained, "bo", limit=2, cursor=page.next_cursor).items) == 1
