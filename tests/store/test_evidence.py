"""Causal scores as they are written and read: predictions first, and badges that follow."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.store.engine import begin, open_session
from app.store.queries.causal import causal_evidence
from app.store.queries.evidence import model_evidence
from app.store.queries.explanation import get_explanation
from app.store.synthetic import fill_synthetic
from app.store.synthetic.evidence import MEASURED, SAID, fill_evidence
from app.store.tables import (
    CausalScoreTable,
    ExplanationTable,
    PredictionTable,
    RunTable,
    SiteTable,
)
from app.store.writing_causal import (
    CausalRow,
    CausalSummaryRow,
    canonical,
    write_causal_scores,
    write_causal_summaries,
    write_predictions,
)
from app.store.writing_explanations import ExplanationRow, write_explanations


@pytest.fixture
def held(engine: Engine, tmp_path) -> tuple[Engine, int]:
    """A store whose rules were held to account, and the run."""
    (made,) = fill_synthetic(
        engine, data=tmp_path, layers=1, neurons=8, heads=2, windows=24, window_length=16,
        exemplars_per_kind=2,
    )  # fmt: skip
    return engine, fill_evidence(engine, made)


def first_rules(engine: Engine, unit: int = 3) -> ExplanationTable:
    with open_session(engine) as session:
        return session.scalars(
            select(ExplanationTable).filter_by(method="rules", unit_index=unit).limit(1)
        ).one()


def control(number: int, prediction: int | None, *, at=MEASURED) -> CausalRow:
    return CausalRow(
        number, prediction, "test", "control_sign", "scored", None, 1.0, 1.0, 1.0, 0.5, None, None,
        None, None, None, None, 8, 8, 100, at, {},
    )  # fmt: skip


def again(session: Session, run: RunTable, **changed) -> int:
    """The id of another run like it."""
    columns = [column.name for column in RunTable.__table__.columns if column.name != "id"]
    made = RunTable(**{**{name: getattr(run, name) for name in columns}, **changed})
    session.add(made)
    session.flush()
    return made.id


def test_a_prediction_is_never_changed(held):
    engine, run_id = held
    number = first_rules(engine).id
    with begin(engine) as connection:
        ids = write_predictions(
            connection, run_id=run_id, contents={number: {"k": 99}}, at=MEASURED
        )
    with open_session(engine) as session:
        kept = session.get_one(PredictionTable, ids[number])
    assert kept.created_at == SAID
    assert "99" not in kept.content


def test_control_without_an_older_prediction_of_its_own_is_refused(held):
    engine, run_id = held
    number, other = first_rules(engine).id, first_rules(engine, 4).id
    with open_session(engine) as session:
        said = dict(
            session.execute(select(PredictionTable.explanation_id, PredictionTable.id)).all()
        )
    for row in (
        control(number, None),
        control(number, said[other]),
        control(number, said[number], at=SAID - timedelta(seconds=1)),
    ):
        with pytest.raises(ValueError, match="predicted"), begin(engine) as connection:
            write_causal_scores(connection, run_id=run_id, rows=[row])


def test_a_score_of_the_same_run_replaces_the_one_before(held):
    engine, run_id = held
    number = first_rules(engine).id
    with open_session(engine) as session:
        said = session.scalar(select(PredictionTable.id).filter_by(explanation_id=number))
    with begin(engine) as connection:
        write_causal_scores(connection, run_id=run_id, rows=[control(number, said)])
    with open_session(engine) as session:
        view = causal_evidence(session, get_explanation(session, explanation_id=number))
    (sign,) = [score for score in view.scores if score.score == "control_sign"]
    assert (sign.value, sign.n_windows) == (1.0, 8)
    assert len(view.scores) == 4


def test_a_later_run_counts_and_what_came_before_it_stays(held):
    engine, run_id = held
    with open_session(engine, commit=True) as session:
        number = session.scalars(
            select(ExplanationTable.id).filter_by(method="output", unit_index=3).limit(1)
        ).one()
        (before,) = get_explanation(session, explanation_id=number).badges
        content = session.scalars(
            select(PredictionTable.content).filter_by(explanation_id=number)
        ).one()
        later = again(session, session.get_one(RunTable, run_id))
    with begin(engine) as connection:
        contents = {number: json.loads(content)}
        said = write_predictions(connection, run_id=later, contents=contents, at=SAID)
        rows = [
            control(number, said[number])._replace(score=name, low=0.0, high=0.1)
            for name in ("control_sign", "control_precision")
        ]
        write_causal_scores(connection, run_id=later, rows=rows)
    with open_session(engine) as session:
        view = causal_evidence(session, get_explanation(session, explanation_id=number))
    assert (before.name, before.standing) == ("controls", "earned")
    assert {score.run_id for score in view.scores} == {later}
    assert [badge.standing for badge in view.badges] == ["refuted"]
    ((earlier, badges),) = [(one.run_id, one.badges) for one in view.earlier]
    assert (earlier, badges) == (run_id, [before])


def test_an_explanation_that_says_something_else_loses_its_evidence(held):
    engine, _ = held
    row = first_rules(engine)
    changed = ExplanationRow(
        row.unit_index, row.author, "current", "Something else.", "otherwise 1\n", 1.0, 0, 0, {}
    )
    with begin(engine) as connection:
        write_explanations(
            connection, model_id=row.model_id, site_id=row.site_id, run_id=row.run_id,
            sweep_id=row.sweep_id, method="rules", units=[row.unit_index], rows=[changed],
        )  # fmt: skip
    with open_session(engine) as session:
        for table in (CausalScoreTable, PredictionTable):
            assert session.scalars(select(table).filter_by(explanation_id=row.id)).all() == []
        assert get_explanation(session, explanation_id=row.id).badges == []


def test_a_run_that_goes_takes_its_evidence_along(held):
    engine, run_id = held
    with open_session(engine, commit=True) as session:
        session.delete(session.get_one(RunTable, run_id))
    with open_session(engine) as session:
        assert session.scalars(select(CausalScoreTable)).all() == []
        assert session.scalars(select(PredictionTable)).all() == []
        view = model_evidence(session, model="synthetic")
    assert (view.summaries, view.sites) == ([], [])


def test_a_small_later_run_does_not_take_the_place_of_one_over_all_sites(held):
    engine, run_id = held
    with open_session(engine, commit=True) as session:
        first = session.get_one(RunTable, run_id)
        site = session.scalars(select(SiteTable.id).filter_by(name="mlp.0")).one()
        later = again(session, first, parameters={"site": "mlp.0"})
        unfinished = again(session, first, status="running")
    for run in (later, unfinished):
        with begin(engine) as connection:
            row = CausalSummaryRow(site, "test", "replaces", 1, 1, 0, 0, 0, 1, 0.9, 0.9, 0.0)
            write_causal_summaries(connection, run_id=run, rows=[row])
    with open_session(engine) as session:
        view = model_evidence(session, model="synthetic")
        assert (view.run.run_id, view.run.status, view.run.site) == (run_id, "finished", None)
        session.delete(session.get_one(RunTable, run_id))
        session.flush()
        left = model_evidence(session, model="synthetic")
    assert (left.run.run_id, left.run.status) == (unfinished, "running")
    assert [one.mean for one in left.summaries] == [0.9]


def test_equal_contents_have_equal_hashes_whatever_their_order():
    assert canonical({"b": [1, 2], "a": "é"}) == canonical({"a": "é", "b": [1, 2]})
    assert canonical({"a": 1})[1] != canonical({"a": 2})[1]
