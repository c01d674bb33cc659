"""Two who insert the same row at once: one does, the other waits and finds it."""

import threading

import pytest
from sqlalchemy import Engine, func, select

from app.store.engine import open_session
from app.store.inserting import insert_new
from app.store.tables import CorpusTable
from tests.store import rows

CORPUS = {
    column.name: getattr(rows.corpus(), column.name)
    for column in CorpusTable.__table__.columns
    if column.name != "id"
}


@pytest.mark.parametrize("first_commits", [True, False])
def test_the_second_waits_for_the_first_and_then_knows(engine: Engine, first_commits: bool) -> None:
    found: list[tuple[int | None, int | None]] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with open_session(engine, commit=True) as session:
            number = insert_new(session, CorpusTable, **CORPUS)
            found.append((number, session.scalar(select(CorpusTable.id))))

    with open_session(engine, commit=True) as session:
        first = insert_new(session, CorpusTable, **CORPUS)
        assert first is not None
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        thread.join(timeout=0.3)
        assert thread.is_alive()
        if not first_commits:
            session.rollback()
    thread.join()
    ((number, seen),) = found
    assert (number is None) == first_commits
    assert seen == (first if first_commits else number)
    with open_session(engine) as session:
        assert session.scalar(select(func.count()).select_from(CorpusTable)) == 1
