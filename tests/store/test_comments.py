"""People talk about units and explanations."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from app.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from app.store.claiming import Claim, edit_explanation
from app.store.commenting import edit_comment, withdraw_comment
from app.store.engine import open_session
from app.store.views.comment import LONGEST_COMMENT
from tests.store.audit_log import rows
from tests.store.talking import on_explanation, on_unit, people, read, say


def change(engine: Engine, work, **given):
    with open_session(engine, commit=True) as session:
        return work(session, **given)


def test_a_comment_is_read_as_it_was_written(explained: Engine):
    said = say(explained, " <b>No</b>\r\nsee mlp.0/1 ")
    assert said.text == "<b>No</b>\nsee mlp.0/1"
    found = read(explained)
    assert (found.n_comments, found.withheld, found.next_cursor) == (1, False, None)
    thread = found.threads[0]
    assert (thread.id, thread.actor, thread.site, thread.index) == (said.id, "ada", "mlp.0", 3)
    assert read(explained, on=on_unit(4)).threads == []


def test_a_reply_to_a_reply_goes_to_the_end_of_the_thread(explained: Engine):
    first = say(explained, "One")
    second = say(explained, "Two", "bo", parent=first.id)
    say(explained, "Three", parent=second.id)
    say(explained, "Four")
    threads = read(explained).threads
    assert [one.text for one in threads] == ["One", "Four"]
    assert [one.text for one in threads[0].replies] == ["Two", "Three"]


@pytest.mark.parametrize("on", [on_unit(4), on_explanation(4)])
def test_what_was_said_elsewhere_is_not_replied_to_here(explained: Engine, on):
    first = say(explained, "One")
    with pytest.raises(NotFoundError):
        say(explained, "Two", parent=first.id, on=on)


def test_threads_come_by_pages_the_newest_first(explained: Engine):
    for n in range(5):
        say(explained, str(n))
    page = read(explained, limit=2)
    assert [one.text for one in page.threads] == ["3", "4"]
    page = read(explained, limit=2, cursor=page.next_cursor)
    assert [one.text for one in page.threads] == ["1", "2"]
    page = read(explained, limit=2, cursor=page.next_cursor)
    assert ([one.text for one in page.threads], page.next_cursor) == (["0"], None)


def test_whoever_sees_the_model_can_be_mentioned_and_nobody_learns_of_others(explained: Engine):
    people(explained)
    said = say(explained, "@bo @eve @nobody @ada, x@cy @Cy.")
    assert said.mentions == ["bo", "ada", "cy"]


def test_what_is_said_of_one_version_is_read_with_all(explained: Engine):
    say(explained, "Of the first", on=on_explanation(1))
    claim = Claim("Better words", None, None, None, None)
    later = change(explained, edit_explanation, explanation_id=1, claim=claim, actor="bo").id
    say(explained, "Of the second", "bo", on=on_explanation(later))
    for number in (1, later):
        threads = read(explained, on=on_explanation(number)).threads
        assert [(one.text, one.version) for one in threads] == [
            ("Of the first", 1), ("Of the second", 2),
        ]  # fmt: skip
    assert read(explained, on=on_unit(0)).threads == []


def test_its_author_edits_a_comment_and_the_log_has_what_it_said(explained: Engine):
    people(explained)
    number = say(explained, "Befor").id
    edited = change(explained, edit_comment, comment_id=number, text="After @bo", actor="ada")
    assert (edited.text, edited.mentions) == ("After @bo", ["bo"])
    assert edited.edited_at is not None
    row = rows(explained)[-1]
    assert (row["action"], json.loads(row["before"])["text"], json.loads(row["after"])["told"]) == (
        "comment.edited", "Befor", ["bo"],
    )  # fmt: skip
    with pytest.raises(ForbiddenError):
        change(explained, edit_comment, comment_id=number, text="No", actor="bo")


def test_of_what_was_withdrawn_a_place_holder_stays(explained: Engine):
    first = say(explained, "Secret @bo")
    say(explained, "Reply", "bo", parent=first.id)
    change(explained, withdraw_comment, comment_id=first.id, actor="rho")
    thread = read(explained).threads[0]
    assert (thread.text, thread.mentions, thread.withdrawn_by) == (None, [], "rho")
    assert thread.replies[0].text == "Reply"
    assert "Secret" not in thread.model_dump_json()
    with pytest.raises(ConflictError):
        change(explained, edit_comment, comment_id=first.id, text="x", actor="ada")
    noted = len(rows(explained))
    change(explained, withdraw_comment, comment_id=first.id, actor="ada")
    assert len(rows(explained)) == noted


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST_COMMENT + 1)])
def test_what_says_nothing_or_too_much_is_refused(explained: Engine, text: str):
    with pytest.raises(BadRequestError):
        say(explained, text)


@pytest.mark.parametrize("index", [-1, 10**6, 2**40])
def test_of_a_unit_that_is_not_there_nobody_talks(explained: Engine, index: int):
    with pytest.raises(NotFoundError):
        say(explained, "x", on=on_unit(index))


def test_many_who_talk_at_once_are_all_heard(explained: Engine):
    first = say(explained, "Begin").id
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: say(explained, str(n), f"p{n % 5}", parent=first), range(40)))
    replies = read(explained).threads[0].replies
    assert sorted(int(one.text or "") for one in replies) == list(range(40))
