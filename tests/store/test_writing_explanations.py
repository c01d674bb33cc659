"""What a run writes replaces what it wrote before, and nothing that others did."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread

import numpy as np
import pytest
from sqlalchemy import Engine, text

from app.store.claiming import Claim, edit_explanation, withdraw_explanation
from app.store.engine import begin, open_session
from app.store.packing import COLUMNS, METRICS, pack_scores, unpack_scores
from app.store.queries.explanation import get_explanation
from app.store.queries.search import search_explanations
from app.store.queries.token_space import get_token_space
from app.store.tables import ExplanationTable, ScoreTable
from app.store.writing_explanations import (
    ExplanationRow,
    SummaryRow,
    place_in_sweep,
    storable,
    write_explanations,
    write_score_summaries,
    write_scores,
    write_token_space,
)
from tests.store import rows
from tests.store.claims import PROGRAM, rules, score


@pytest.fixture
def ready(engine: Engine) -> Engine:
    """Model 1 with site 1, its sweep 1, explain runs 2 and 3."""
    with open_session(engine, commit=True) as session:
        model = rows.model()
        session.add(model)
        session.flush()
        session.add_all([rows.site(model.id), rows.run(model.id)])
        session.flush()
        session.add_all([rows.run(model.id, "explain"), rows.run(model.id, "score")])
    return engine


def write(
    engine: Engine, explanations: list[ExplanationRow], *, units=range(8), run_id: int = 2
) -> list[int]:
    with begin(engine) as connection:
        return write_explanations(
            connection, model_id=1, site_id=1, run_id=run_id, sweep_id=1, method="rules",
            units=units, rows=explanations,
        )  # fmt: skip


def dump(engine: Engine) -> list[tuple[object, ...]]:
    index = "search_explanations"
    key = "rowid" if engine.dialect.name == "sqlite" else "key"
    with engine.connect() as connection:
        return [
            tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
            for query in (
                "SELECT * FROM explanations ORDER BY id",
                'SELECT explanation_id, run_id, split, r, "values" FROM scores ORDER BY 1, 3',
                f"SELECT {key}, * FROM {index} ORDER BY 1",  # noqa: S608 - our own names
            )
            for row in connection.execute(text(query))
        ]


def found(engine: Engine, query: str) -> list[int]:
    with open_session(engine) as session:
        return [line.id for line in search_explanations(session, query=query)[0]]


def test_writing_twice_leaves_the_same_rows_under_the_same_ids(ready: Engine):
    explanations = [rules(unit, f"Fires at number {unit}.", r=unit / 10) for unit in range(8)]
    first = write(ready, explanations)
    before = dump(ready)
    assert write(ready, explanations) == first
    assert dump(ready) == before


def test_what_is_no_longer_found_is_gone_also_from_search(ready: Engine):
    kept, _ = write(ready, [rules(0), rules(1, "Fires at sharks.")])
    assert write(ready, [rules(0)]) == [kept]
    assert found(ready, "sharks") == []
    with open_session(ready) as session:
        assert session.query(ExplanationTable).count() == 1
        assert session.query(ScoreTable).count() == 2


def test_units_of_another_chunk_and_rows_of_another_run_stay(ready: Engine):
    write(ready, [rules(0)], units=[0])
    write(ready, [rules(1)], units=[1])
    write(ready, [rules(0, "Another run.")], run_id=3)
    write(ready, [], units=[0])
    with open_session(ready) as session:
        left = session.query(ExplanationTable.run_id, ExplanationTable.unit_index).all()
    assert sorted(left) == [(2, 1), (3, 0)]


def test_what_a_person_withdrew_stays_withdrawn_when_the_run_writes_again(ready: Engine):
    (number,) = write(ready, [rules(0)])
    with open_session(ready, commit=True) as session:
        withdraw_explanation(session, explanation_id=number, actor="somebody")
    assert write(ready, [rules(0)]) == [number]
    with open_session(ready) as session:
        assert get_explanation(session, explanation_id=number).status == "withdrawn"
    assert found(ready, "whales") == []


def write_again(engine: Engine, number: int) -> None:  # noqa: ARG001 - as the others
    write(engine, [rules(0)])


def score_again(engine: Engine, number: int) -> None:
    with begin(engine) as connection:
        write_scores(connection, run_id=3, scores={number: [score(0.9)]})


def place(engine: Engine, number: int) -> None:
    with begin(engine) as connection:
        place_in_sweep(connection, explanation_id=number, sweep_id=1, details={"placed": True})


@pytest.mark.parametrize("worker", [write_again, score_again, place])
def test_what_a_person_withdraws_while_a_worker_writes_stays_withdrawn(
    ready: Engine, worker: Callable[[Engine, int], None]
):
    """The worker begins while the person has not committed."""
    (number,) = write(ready, [rules(0)])
    other = Thread(target=worker, args=(ready, number))
    with open_session(ready, commit=True) as session:
        withdraw_explanation(session, explanation_id=number, actor="somebody")
        other.start()
        other.join(1)
        assert other.is_alive()
    other.join(30)
    assert not other.is_alive()
    with open_session(ready) as session:
        view = get_explanation(session, explanation_id=number)
    assert (view.status, view.details["withdrawn_by"]) == ("withdrawn", "somebody")
    assert found(ready, "whales") == []


def test_what_a_person_settled_stays_where_the_run_finds_nothing_any_longer(ready: Engine):
    edited, withdrawn = write(ready, [rules(0), rules(1)])
    with open_session(ready, commit=True) as session:
        claim = Claim("Fires at krakens.")
        edit_explanation(session, explanation_id=edited, claim=claim, actor="somebody")
        withdraw_explanation(session, explanation_id=withdrawn, actor="somebody", reason="Wrong.")
    write(ready, [])
    with open_session(ready) as session:
        before = get_explanation(session, explanation_id=edited)
        view = get_explanation(session, explanation_id=withdrawn)
    assert [(line.version, line.status) for line in before.history] == [
        (2, "current"), (1, "replaced"),
    ]  # fmt: skip
    assert (view.status, view.details["withdrawn_because"]) == ("withdrawn", "Wrong.")
    assert view.headline is not None


def test_of_the_details_only_those_are_taken_out_that_are_given_as_null(ready: Engine):
    told = {"notes": None, "id": "7", "old": 1, "stale": 2}
    (number,) = write(ready, [rules(0)._replace(details=told)])
    with begin(ready) as connection:
        place_in_sweep(
            connection, explanation_id=number, sweep_id=1, details={"old": 3, "stale": None}
        )
    with open_session(ready) as session:
        details = get_explanation(session, explanation_id=number).details
    assert details == {"notes": None, "id": "7", "old": 3}


def test_scores_of_another_run_stay_while_the_text_is_the_same(ready: Engine):
    (number,) = write(ready, [rules(0)])
    judged = {number: [score(0.3, judge="a judge")]}
    with begin(ready) as connection:
        write_scores(connection, run_id=3, scores=judged)
    write(ready, [rules(0)])
    with open_session(ready) as session:
        view = get_explanation(session, explanation_id=number)
    assert {one.judge for one in view.scores} == {"program", "a judge"}
    write(ready, [rules(0, "Fires at something else.")])
    with open_session(ready) as session:
        view = get_explanation(session, explanation_id=number)
    assert {one.judge for one in view.scores} == {"program"}


def test_new_scores_move_an_explanation_in_search(ready: Engine):
    first, second = write(ready, [rules(0, r=0.6), rules(1, r=0.5)])
    assert found(ready, "whales") == [first, second]
    with begin(ready) as connection:
        write_scores(connection, run_id=3, scores={second: [score(0.9)]})
    assert found(ready, "whales") == [second, first]


def test_a_failed_explanation_is_kept_and_not_to_be_found(ready: Engine):
    failed = ExplanationRow(
        3, "a model", "failed", "whales", None, None, None, None, {"answer": "I cannot."}
    )
    (number,) = write(ready, [failed])
    assert found(ready, "whales") == []
    with open_session(ready) as session:
        view = get_explanation(session, explanation_id=number)
    assert (view.status, view.details) == ("failed", {"answer": "I cannot."})


def test_deleting_a_model_takes_explanations_and_their_words_along(ready: Engine):
    write(ready, [rules(0)])
    with begin(ready) as connection:
        connection.execute(text("DELETE FROM models"))
        left = connection.execute(text("SELECT count(*) FROM search_explanations")).scalar()
    assert left == 0


def test_an_id_is_never_given_twice(ready: Engine):
    (gone,) = write(ready, [rules(0)])
    write(ready, [])
    assert write(ready, [rules(0)]) != [gone]


def test_text_that_no_database_holds_is_made_storable(ready: Engine):
    (number,) = write(ready, [rules(0, "NUL \0 and half \ud800 a pair", program=None)])
    with open_session(ready) as session:
        text_kept = get_explanation(session, explanation_id=number).text
    assert text_kept == storable("NUL \0 and half \ud800 a pair")
    assert "\0" not in text_kept


def test_placing_in_a_sweep_takes_out_only_the_details_that_it_names(ready: Engine):
    details = {"notes": None, "old": 1, "id": "7"}
    (number,) = write(ready, [rules(0, "Ships.")._replace(details=details)])
    with begin(ready) as connection:
        place_in_sweep(
            connection, explanation_id=number, sweep_id=1, details={"old": None, "new": 2}
        )
    with open_session(ready) as session:
        kept = get_explanation(session, explanation_id=number).details
    assert kept == {"notes": None, "id": "7", "new": 2}


def test_summaries_replace_those_of_the_same_site_method_and_split(ready: Engine):
    row = SummaryRow(1, "rules", "test", 8, 7, 1, 0, 5, 0.4, b"", b"")
    with begin(ready) as connection:
        write_score_summaries(connection, run_id=2, rows=[row, row._replace(split="ood:code")])
        write_score_summaries(connection, run_id=2, rows=[row._replace(n_units=9)])
        kept = connection.execute(text("SELECT split, n_units FROM score_summaries ORDER BY 1"))
        assert [tuple(one) for one in kept] == [("ood:code", 8), ("test", 9)]


def test_a_token_space_is_read_as_it_was_written(ready: Engine):
    vectors = np.array([[127, 0], [-5, 90], [0, -127]], np.int8)
    with open_session(ready) as session:
        assert get_token_space(session, model_id=1, tokenizer_sha256="none yet") is None
    with begin(ready) as connection:
        write_token_space(connection, model_id=1, method="by hand", vectors=vectors)
        write_token_space(connection, model_id=1, method="by hand", vectors=vectors)
    with open_session(ready) as session:
        space = get_token_space(session, model_id=1, tokenizer_sha256="0")
    assert space is not None
    assert space.method == "by hand"
    assert space.vectors.tolist() == vectors.tolist()


def test_scores_are_packed_in_the_order_of_the_metrics():
    data = pack_scores({"r2_centred": (0.5, None, 0.6)})
    numbers = np.frombuffer(data, np.float32, len(METRICS) * len(COLUMNS))
    table = numbers.reshape(len(METRICS), len(COLUMNS))
    assert table[3].tolist()[:3] == pytest.approx([0.5, np.nan, 0.6], nan_ok=True)
    assert table[0, 0] == -np.inf
    np.testing.assert_array_equal(unpack_scores(data), table)


def test_two_thousand_explanations_with_three_scores_each_are_written_in_a_second_of_processor_time(
    ready: Engine,
):
    """Of this process, with room for a busy machine; PostgreSQL works in another."""
    chunk = [rules(unit % 8, f"Fires at word{unit} and ship {unit}.") for unit in range(2000)]
    chunk = [row._replace(scores=[*row.scores, score(0.4, split="calibration")]) for row in chunk]
    started = time.process_time()
    assert len(write(ready, chunk)) == 2000
    assert time.process_time() - started < 1
    assert PROGRAM in chunk[0]


@pytest.mark.parametrize("year", [30, 1999])
def test_a_moment_of_any_year_is_read_as_it_was_written(ready: Engine, year: int) -> None:
    at = datetime(year, 2, 3, 4, 5, 6, tzinfo=UTC)
    with begin(ready) as connection:
        (number,) = write_explanations(
            connection, model_id=1, site_id=1, run_id=2, sweep_id=1, method="rules",
            units=[0], rows=[rules(0)], at=at,
        )  # fmt: skip
    with open_session(ready) as session:
        stored = session.get_one(ExplanationTable, number)
        assert stored.created_at == at
