"""What changed since somebody last asked."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from sqlalchemy import Engine

from app.store.accounts.members import set_role
from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.noticing import mark_read
from app.store.queries.news import newest_news, read_news
from app.store.voting import vote
from tests.store.talking import on_explanation, people, say


def read(engine: Engine, after: int):
    with open_session(engine) as session:
        return read_news(session, after=after)


def newest(engine: Engine) -> int:
    with open_session(engine) as session:
        return newest_news(session)


def test_it_is_told_what_changed_where_and_whose_inbox(explained: Engine):
    people(explained)
    start = newest(explained)
    say(explained, "@bo", on=on_explanation(2))
    with open_session(explained, commit=True) as session:
        vote(session, explanation_id=2, actor="ada", value=1)
        judge(session, explanation_id=2, actor="bo", rating=Rating("accept"))
        mark_read(session, recipient="bo")
    found = read(explained, start)
    assert [one.view and one.view.kind for one in found] == [
        "comments", "votes", "judgements", None,
    ]  # fmt: skip
    assert [sorted(one.recipients) for one in found] == [["bo"], [], [], ["bo"]]
    view = found[0].view
    assert (view.model, view.site, view.index, view.explanation_id) == ("toy", "mlp.0", 1, 2)
    assert read(explained, newest(explained)) == []


def test_a_change_of_roles_is_told_apart(explained: Engine):
    people(explained)
    start = newest(explained)
    with open_session(explained, commit=True) as session:
        set_role(session, name="bo", model="toy", role=None)
    assert [(one.view, one.is_about_access) for one in read(explained, start)] == [(None, True)]


def test_whoever_asks_again_from_the_last_row_misses_nothing(explained: Engine):
    """While many write at once: the ids of the log come in the order of commits."""
    start, done = newest(explained), Event()
    seen: list[int] = []

    def ask() -> None:
        last = start
        while True:
            is_over = done.is_set()
            found = [one.id for one in read(explained, last)]
            seen.extend(found)
            last = found[-1] if found else last
            if is_over and not found:
                return

    with ThreadPoolExecutor(8) as pool:
        asking = pool.submit(ask)
        list(pool.map(lambda n: say(explained, str(n), f"p{n}"), range(60)))
        done.set()
        asking.result()
    assert seen == list(range(start + 1, start + 61))
