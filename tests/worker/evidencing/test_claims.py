"""Which explanations are held to account, in which order, and beside which others."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update

from analysis.score.control import Forecast
from analysis.worker.evidencing import job
from analysis.worker.evidencing.claims import (
    Claim,
    SiteClaims,
    explain_run,
    panel_of,
    read_claims,
    read_forecasts,
)
from analysis.worker.explaining.order import chunks_of
from analysis.worker.inline import run_inline
from app.errors import BadRequestError, NotFoundError
from app.store.claiming import Claim as HandClaim
from app.store.claiming import create_explanation
from app.store.engine import open_session
from app.store.packing import unpack
from app.store.requests import EvidenceRequest
from app.store.tables import (
    CausalSummaryTable,
    ExplanationTable,
    OutputSideTable,
    RunTable,
    SiteTable,
)


def claims_of(explained) -> dict[str, SiteClaims]:
    with open_session(explained.engine) as session:
        sites = session.scalars(select(SiteTable).order_by(SiteTable.id)).all()
        run = session.get_one(RunTable, explained.explain_run)
        return read_claims(session, run, sites)


def test_units_come_in_the_random_order_in_which_they_were_explained(explained):
    with open_session(explained.engine) as session:
        sizes = {site.name: range(site.n_units) for site in session.scalars(select(SiteTable))}
    order = [n for chunk in chunks_of(sizes, seed=0) if chunk.site == "mlp.1" for n in chunk.units]
    found = claims_of(explained)
    assert [claim.unit for claim in found["mlp.1"].claims] == order
    assert order != sorted(order)
    assert set(found) == set(sizes)


def test_a_foil_is_the_next_that_has_a_program_and_never_the_unit_itself():
    claims = tuple(
        Claim(unit, unit + 100, program, None, None)
        for unit, program in ((7, "otherwise 1"), (2, None), (5, "otherwise 2"), (9, None))
    )
    site = SiteClaims("mlp.0", 1, claims)
    assert site.foil_of(7).unit == 5
    assert site.foil_of(2).unit == 5
    assert site.foil_of(9).unit == 7  # round to the beginning


def test_a_panel_is_drawn_from_all_units_of_the_site_that_can_be_moved():
    movable = range(0, 60, 2)
    panel = panel_of("mlp.0", movable, 5, seed=0)
    assert len(set(panel)) == 6
    assert set(panel) <= set(movable)
    assert panel == panel_of("mlp.0", reversed(movable), 5, seed=0)
    assert panel != panel_of("mlp.1", movable, 5, seed=0)
    assert sorted(panel_of("mlp.0", [3, 1], 5, seed=0)) == [1, 3]


def test_what_a_person_withdrew_is_not_tested(explained):
    claim = next(one for one in claims_of(explained)["mlp.0"].claims if one.rules is not None)
    here = ExplanationTable.id == claim.rules
    with open_session(explained.engine, commit=True) as session:
        session.execute(update(ExplanationTable).where(here).values(status="withdrawn"))
    found = next(c for c in claims_of(explained)["mlp.0"].claims if c.unit == claim.unit)
    with open_session(explained.engine, commit=True) as session:
        session.execute(update(ExplanationTable).where(here).values(status="current"))
    assert (found.rules, found.program, found.failed) == (None, None, None)
    assert found.output == claim.output


def test_named_tokens_are_those_that_the_weights_lift_and_lower(explained):
    table = OutputSideTable
    with open_session(explained.engine) as session:
        row = session.execute(select(table).limit(1)).scalar_one()
        found = read_forecasts(
            session, run_id=row.run_id, site_id=row.site_id, units=[row.unit_index]
        )[row.unit_index]
    tokens, logits = unpack(row.tokens, "u4").tolist(), unpack(row.logits, "f4").tolist()
    n = len(tokens) // 4
    up = [token for token, moved in zip(tokens[:n], logits[:n], strict=True) if moved > 0]
    down = [t for t, moved in zip(tokens[n : 2 * n], logits[n : 2 * n], strict=True) if moved < 0]
    assert found == Forecast(tuple(up[:10]), tuple(down[:10]))


def test_runs_that_found_no_rules_or_explained_picked_units_are_passed_over(explained):
    with open_session(explained.engine) as session:
        sweep = session.get_one(RunTable, explained.swept.run_id)
        good = session.get_one(RunTable, explained.explain_run)
        columns = {
            column.name: getattr(good, column.name)
            for column in RunTable.__table__.columns
            if column.name not in ("id", "job_id", "started_at")
        }
    with open_session(explained.engine, commit=True) as session:
        session.add(RunTable(**{**columns, "status": "failed"}, started_at=datetime.now(UTC)))
    with open_session(explained.engine, commit=True) as session:
        assert explain_run(session, sweep).id == explained.explain_run
        session.execute(delete(RunTable).where(RunTable.kind == "explain", RunTable.id > good.id))


def test_a_sweep_that_nobody_explained_is_refused_with_what_to_do(explained):
    with open_session(explained.engine) as session:
        sweep = session.get_one(RunTable, explained.swept.run_id)
        other = RunTable(id=sweep.id + 1000)
        with pytest.raises(NotFoundError) as refused:
            explain_run(session, other)
    assert "patchclamp explain" in refused.value.hint


def test_a_site_that_is_not_there_is_refused(explained):
    asked = EvidenceRequest(model="planted", run_id=explained.swept.run_id, site="mlp.77")
    with pytest.raises(NotFoundError, match=r"mlp\.77"):
        run_inline(explained.engine, explained.swept.settings, job.KIND, asked)


def written(explained, program: str | None, *, site="mlp.0", index: int) -> int:
    """The id of an explanation that a person wrote."""
    claim = HandClaim(text="fires on something", program=program)
    with open_session(explained.engine, commit=True) as session:
        return create_explanation(
            session, model="planted", site=site, index=index, claim=claim, actor="me"
        ).id


def test_an_explanation_of_a_person_is_held_to_account_by_name(explained):
    found = claims_of(explained)["mlp.0"]
    copied = next(claim for claim in found.claims if claim.program is not None)
    number = written(explained, copied.program, index=copied.unit)
    run_id = explained.run(explanations=[number])["run_id"]
    rows = explained.scores(run_id=run_id)
    assert {row.explanation_id for row in rows} == {number}
    assert len(rows) == 4
    foil = {row.foil_unit for row in rows if row.score == "replacement"}
    assert foil == {found.foil_of(copied.unit).unit}
    with open_session(explained.engine) as session:
        assert not session.scalars(select(CausalSummaryTable).filter_by(run_id=run_id)).all()


def test_so_is_what_a_person_says_of_a_head(explained):
    head = written(explained, "otherwise 1\n", site="attn.0", index=0)
    run_id = explained.run(explanations=[head])["run_id"]
    rows = {row.score: row for row in explained.scores(run_id=run_id)}
    assert rows["ablation_to_simulation"].value is not None
    assert rows["control_sign"].status == "undefined"


def test_what_cannot_be_held_to_account_by_name_is_refused_with_the_reason(explained):
    words = written(explained, None, index=3)
    one, two = (written(explained, "otherwise 1\n", index=4) for _ in range(2))
    for ids, kind, said in (
        ([words], BadRequestError, "no program"),
        ([one, two], BadRequestError, "another of these"),
        ([10**6], NotFoundError, "no explanation 1000000"),
    ):
        with pytest.raises(kind, match=said):
            explained.run(explanations=ids)
