"""An evidence job: three causal scores per explanation, each after its prediction."""

import pytest
from sqlalchemy import select

from analysis.worker.evidencing import job
from app.store.engine import open_session
from app.store.queries.causal import causal_evidence
from app.store.queries.evidence import list_causal, model_evidence
from app.store.queries.explanation import get_explanation
from app.store.tables import (
    CausalScoreTable,
    CausalSummaryTable,
    ExplanationTable,
    PredictionTable,
    RunTable,
    SiteReplacementTable,
    SiteTable,
)


@pytest.fixture(scope="module")
def run_id(explained) -> int:
    return explained.run()["run_id"]


def test_every_chosen_unit_has_the_scores_of_its_explanations(explained, run_id):
    for site in ("mlp.0", "mlp.1"):
        rules = explained.explanations(site=site)
        ids = {row.id: row for row in rules.values()}
        found = [row for row in explained.scores(run_id=run_id) if row.explanation_id in ids]
        by_id = {}
        for row in found:
            by_id.setdefault(row.explanation_id, set()).add(row.score)
        assert len(by_id) == 10
        for number, names in by_id.items():
            if ids[number].status == "failed":
                assert names == {"ablation_to_simulation", "replacement"}
            else:
                assert len(names) == 4


def test_what_has_no_value_says_why_and_is_no_zero(explained, run_id):
    for row in explained.scores(run_id=run_id):
        if row.status != "scored":
            assert (row.value, row.low, row.high) == (None, None, None)
            assert row.reason
        elif row.low is None:
            assert row.reason


@pytest.mark.usefixtures("run_id")
def test_a_planted_unit_is_replaced_by_its_rules_and_by_no_others(explained):
    """As far as it was chosen: the planted ones of layer 0 reach the logits."""
    rules = explained.explanations(site="mlp.0")
    planted = {
        unit.index
        for unit in explained.swept.planted.units
        if unit.site == "mlp.0" and unit.name in ("token", "two-sided", "suffix", "previous")
    }
    done = 0
    for index in planted:
        scores = {row.score: row for row in explained.scores(explanation_id=rules[index].id)}
        if not scores:
            continue
        done += 1
        one = scores["ablation_to_simulation"]
        assert one.value > 0.8
        assert one.difference_low > 0
    assert done


@pytest.mark.usefixtures("run_id")
def test_what_is_said_of_a_move_is_committed_before_it(explained):
    with open_session(explained.engine) as session:
        said = {row.id: row for row in session.scalars(select(PredictionTable))}
    rows = [row for row in explained.scores(score="control_precision") if row.status == "scored"]
    assert rows
    for row in rows:
        prediction = said[row.prediction_id]
        assert prediction.explanation_id == row.explanation_id
        assert prediction.created_at < row.measured_at


@pytest.mark.usefixtures("run_id")
def test_the_evidence_of_an_explanation_is_read_with_its_prediction(explained):
    said = {row.id for row in explained.explanations(site="mlp.0", method="output").values()}
    scored = [one for one in explained.scores(score="control_sign") if one.value is not None]
    row = next(one for one in scored if one.explanation_id in said)
    with open_session(explained.engine) as session:
        line = get_explanation(session, explanation_id=row.explanation_id)
        view = causal_evidence(session, line)
    assert view.missing is None
    assert view.prediction.hash_holds
    assert view.prediction.k == 2.0
    assert all(token.change is not None for token in view.prediction.risers)
    assert {badge.name for badge in view.badges} >= {"controls"}
    assert view.badges == line.badges


@pytest.mark.usefixtures("run_id")
def test_summaries_count_every_chosen_unit(explained):
    with open_session(explained.engine) as session:
        view = model_evidence(session, model="planted")
        page = list_causal(session, model="planted", site="mlp.0", limit=5)
    assert {one.badge for one in view.summaries} == {"predicts", "controls", "replaces"}
    for one in view.summaries:
        assert one.n_units == 10
        assert one.n_earned + one.n_refuted + one.n_undecided + one.n_untested == 10
    assert len(page.items) == 5
    assert page.next_cursor is not None


@pytest.mark.usefixtures("run_id")
def test_luck_is_five_percent_of_those_tested_and_of_replaces_the_units_others_explain_better(
    explained,
):
    with open_session(explained.engine) as session:
        told = model_evidence(session, model="planted").summaries
        beaten = session.scalars(
            select(CausalScoreTable.explanation_id)
            .join(ExplanationTable, ExplanationTable.id == CausalScoreTable.explanation_id)
            .join(SiteTable, SiteTable.id == ExplanationTable.site_id)
            .where(
                SiteTable.kind == "mlp",
                CausalScoreTable.score == "ablation_to_simulation",
                CausalScoreTable.difference_high < 0,
                ExplanationTable.method == "rules",
            )
        ).all()
    for one in told:
        if one.badge != "replaces":
            assert one.by_luck == pytest.approx(0.05 * (one.n_units - one.n_untested))
        if one.n_valued:
            assert one.median is not None
    assert sum(one.by_luck for one in told if one.badge == "replaces") == len(set(beaten))


def test_heads_are_held_to_their_lengths_and_counted_among_no_badges(explained, run_id):
    rules = explained.explanations(site="attn.0")
    ids = {row.id for row in rules.values() if row.status == "current"}
    rows = [row for row in explained.scores(run_id=run_id) if row.explanation_id in ids]
    assert {row.explanation_id for row in rows} == ids
    assert any(row.value is not None for row in rows if row.score == "ablation_to_simulation")
    of_control = [row for row in rows if row.score in ("control_precision", "control_sign")]
    assert {row.status for row in of_control} == {"undefined"}
    assert all("no direction" in row.reason for row in of_control)
    with open_session(explained.engine) as session:
        view = model_evidence(session, model="planted")
        badges = [get_explanation(session, explanation_id=number).badges for number in ids]
    assert not any(one.site.startswith("attn") for one in view.summaries)
    assert all(badge.name == "predicts" for some in badges for badge in some)


@pytest.mark.usefixtures("run_id")
def test_a_whole_site_is_replaced_at_once_and_says_how_many_units_were(explained):
    with open_session(explained.engine) as session:
        sites = model_evidence(session, model="planted").sites
    first = next(s for s in sites if (s.site, s.score) == ("mlp.0", "ablation_to_simulation"))
    rules = explained.explanations(site="mlp.0").values()
    assert first.n_replaced == sum(row.status == "current" for row in rules)
    assert first.value > 0.5
    assert first.foil < first.value


def test_a_second_job_measures_nothing_again_and_a_larger_one_goes_on(
    explained, run_id, monkeypatch
):
    measured = []
    original = job.Evidencing.measure

    def counting(self, site, claims, tell):
        measured.extend(claims)
        original(self, site, claims, tell)

    monkeypatch.setattr(job.Evidencing, "measure", counting)
    before = [(row.id, row.value) for row in explained.scores(run_id=run_id)]
    assert explained.run()["units"] == 24
    assert measured == []
    assert [(row.id, row.value) for row in explained.scores(run_id=run_id)] == before
    again = explained.run(units_per_site=12, site="mlp.0")["run_id"]
    assert len(measured) == 2
    with open_session(explained.engine) as session:
        rows = session.scalars(select(CausalSummaryTable).filter_by(run_id=again)).all()
        run = session.get_one(RunTable, again)
    assert {row.n_units for row in rows} == {12}
    assert (run.kind, run.status, run.dtype) == ("evidence", "finished", "float32")
    assert run.parameters["units_per_site"] == 12


def test_sites_replaced_in_one_run_are_not_replaced_again(explained):
    with open_session(explained.engine) as session:
        runs = {row.run_id for row in session.scalars(select(SiteReplacementTable))}
    assert len(runs) == 1
