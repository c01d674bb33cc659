"""An explain job: programs with scores for every unit, in one run, however often it is begun."""

import numpy as np
import pytest
from sqlalchemy import func, select

from analysis.programs.parsing import parse_program
from analysis.worker.explaining import job
from analysis.worker.inline import run_inline
from app.errors import PatchclampError
from app.store.engine import open_session
from app.store.packing import COLUMNS, METRICS, unpack_notes, unpack_scores
from app.store.queries.explanation import get_explanation
from app.store.queries.job import get_job, list_jobs, request_cancel
from app.store.queries.score import list_score_summaries
from app.store.requests import ExplainRequest
from app.store.tables import ExplanationTable, ScoreSummaryTable, ScoreTable, SiteTable
from tests.worker.sweeping.conftest import Swept


def request(swept: Swept, **changes: object) -> ExplainRequest:
    return ExplainRequest(model="planted", run_id=swept.run_id, **changes)


def stored(swept: Swept, run_id: int) -> list[tuple[str, int, str, str, str | None]]:
    """Everything of a run that does not depend on when it ran."""
    table = ExplanationTable
    with open_session(swept.engine) as session:
        rows = session.execute(
            select(
                SiteTable.name, table.unit_index, table.method, table.status, table.program,
                table.text, table.bits,
            )
            .join(SiteTable, SiteTable.id == table.site_id)
            .where(table.run_id == run_id)
            .order_by(SiteTable.name, table.unit_index, table.method)
        )  # fmt: skip
        return [tuple(row) for row in rows]


@pytest.fixture(scope="module")
def explained(swept: Swept) -> int:
    return run_inline(swept.engine, swept.settings, job.KIND, request(swept))["run_id"]


def test_every_unit_has_a_lookup_and_a_program_or_the_reason_why_not(swept, explained):
    with open_session(swept.engine) as session:
        n_units = session.scalar(select(func.sum(SiteTable.n_units)))
    rows = stored(swept, explained)
    for method in ("rules", "lookup"):
        assert len([row for row in rows if row[2] == method]) == n_units
    for _, _, method, status, program, text, bits in rows:
        assert text
        if status == "failed":
            assert method == "rules"
            assert program is None
        elif method != "output":
            assert parse_program(program).base is not None
            assert bits > 0


def test_programs_are_scored_on_test_and_held_out_text_and_on_nothing_else(swept, explained):
    with open_session(swept.engine) as session:
        rows = session.execute(
            select(ScoreTable.split, ScoreTable.status, ScoreTable.n_windows).where(
                ScoreTable.run_id == explained
            )
        ).all()
    assert {row.split for row in rows} == {"test", "ood:other"}
    assert {row.status for row in rows} <= {"scored", "undefined"}
    assert all(row.n_windows == 16 for row in rows)


def test_a_planted_unit_is_explained_by_its_token(swept, explained):
    """And those of a suffix, of the token before, and of the depth of brackets."""
    table = ExplanationTable
    planted = {unit.name: unit for unit in swept.planted.units}
    for name in ("token", "two-sided", "suffix", "previous", "depth"):
        unit = planted[name]
        with open_session(swept.engine) as session:
            r = session.scalar(
                select(ScoreTable.r)
                .join(table, table.id == ScoreTable.explanation_id)
                .join(SiteTable, SiteTable.id == table.site_id)
                .where(
                    SiteTable.name == unit.site,
                    table.unit_index == unit.index,
                    table.method == "rules",
                    table.run_id == explained,
                    ScoreTable.split == "test",
                )
            )
        assert r is not None
        assert r > 0.85, unit


def test_the_q_of_units_agree_with_how_many_are_called_better_than_shuffled(swept, explained):
    table = ExplanationTable
    with open_session(swept.engine) as session:
        ids = session.scalars(
            select(table.id).where(table.run_id == explained, table.method == "rules")
        ).all()
        found = [score for n in ids for score in get_explanation(session, explanation_id=n).scores]
        summaries = list_score_summaries(session, model="planted", method="rules", split="test")
    q = [one.q for one in found if (one.metric, one.split) == ("corpus_r", "test")]
    assert sum(value is not None and value <= 0.05 for value in q) == sum(
        one.n_better for one in summaries
    )
    assert {one.q for one in found if one.metric != "corpus_r"} == {None}


def test_rules_stand_beside_a_lookup_of_their_own_length_and_the_cases_they_were_judged_on(
    swept, explained
):
    table = ExplanationTable
    with open_session(swept.engine) as session:
        rows = session.execute(
            select(table.method, ScoreTable.values, ScoreTable.n_windows, ScoreTable.n_positions)
            .join(table, table.id == ScoreTable.explanation_id)
            .where(ScoreTable.run_id == explained, ScoreTable.status == "scored")
        ).all()
    cut, value = COLUMNS.index("lookup_cut"), COLUMNS.index("value")
    assert {row.method for row in rows} == {"rules", "lookup"}
    for method, packed, n_windows, n_positions in rows:
        values = unpack_scores(packed)
        if method == "lookup":  # it is its own
            np.testing.assert_array_equal(values[:, cut], values[:, value])
        notes = dict(zip(METRICS, unpack_notes(packed), strict=True))
        assert notes["detection"].n_cases == n_windows
        assert notes["auroc"].n_cases == n_positions
        for metric, numbers in zip(METRICS, values.tolist(), strict=True):
            if np.isnan(numbers[0]):
                assert notes[metric].reason is not None
    of_rules = [unpack_scores(row.values)[0, cut] for row in rows if row.method == "rules"]
    assert np.isfinite(of_rules).any()


def test_summaries_name_the_lookup_of_the_very_same_units(swept, explained):
    with open_session(swept.engine) as session:
        views = list_score_summaries(session, model="planted", split="test")
    lookups = {view.site: view for view in views if view.method == "lookup"}
    for view in views:
        assert (view.run_id, view.lookup_mean_r) == (explained, lookups[view.site].mean_r)
        assert view.n_units_of_kind >= view.n_units_of_site


def test_summaries_count_every_unit_that_was_explained(swept, explained):
    with open_session(swept.engine) as session:
        sites = {site.id: site.n_units for site in session.scalars(select(SiteTable))}
        rows = session.scalars(
            select(ScoreSummaryTable).where(ScoreSummaryTable.run_id == explained)
        ).all()
    assert {(row.method, row.split) for row in rows} == {
        (method, split) for method in ("rules", "lookup") for split in ("test", "ood:other")
    }
    for row in rows:
        assert row.n_units == sites[row.site_id]
        assert row.n_scored + row.n_undefined + row.n_failed == row.n_units


def test_a_sample_is_drawn_over_all_sites_by_its_seed(swept):
    first = run_inline(swept.engine, swept.settings, job.KIND, request(swept, sample=9, seed=3))
    again = run_inline(swept.engine, swept.settings, job.KIND, request(swept, sample=9, seed=3))
    other = run_inline(swept.engine, swept.settings, job.KIND, request(swept, sample=9, seed=4))
    assert first["units"] == 9
    assert stored(swept, first["run_id"]) == stored(swept, again["run_id"])
    drawn = [{row[:2] for row in stored(swept, found["run_id"])} for found in (first, other)]
    assert drawn[0] != drawn[1]


def test_units_that_are_not_there_are_refused(swept):
    for wrong in ({"site": "mlp.99"}, {"site": "mlp.0", "units": [10_000]}, {"units": [0]}):
        with pytest.raises(PatchclampError) as refused:
            run_inline(swept.engine, swept.settings, job.KIND, request(swept, **wrong))
        assert refused.value.hint


def test_units_are_held_to_account_afterwards_where_that_is_asked_for(swept):
    asked = request(swept, sample=4, methods=["lookup"], evidence=3)
    run_inline(swept.engine, swept.settings, job.KIND, asked)
    with open_session(swept.engine, commit=True) as session:
        (line,) = [one for one in list_jobs(session).items if one.kind == "evidence"]
        held = get_job(session, job_id=line.id)
        request_cancel(session, job_id=line.id, actor="tester")
    assert held.status == "queued"
    assert held.request["units_per_site"] == 3
    assert held.request["run_id"] == swept.run_id
