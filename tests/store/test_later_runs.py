"""What counts of several runs and sweeps: the same on pages, in lists, claims and exports."""

import numpy as np
import pytest
from sqlalchemy import Engine

from app.store.claiming import Claim, create_explanation, edit_explanation, withdraw_explanation
from app.store.engine import begin, open_session
from app.store.locating import locate_site
from app.store.queries.claim import best_claims, best_claims_of
from app.store.queries.explanation import explanations_of_unit, lines_of, list_explanations
from app.store.queries.exporting import find_chosen, read_all
from app.store.queries.search import search, search_explanations
from app.store.queries.unit import list_units
from app.store.search.vectors import write_vectors
from app.store.tables import ModelTable, UnitStatisticsTable, WindowSetTable
from app.store.writing_explanations import write_explanations
from tests.store import rows
from tests.store.claims import rules

PLACE = {"model": "toy", "site": "mlp.0"}
FIRST_SWEEP, SECOND_SWEEP = 1, 2


@pytest.fixture
def swept(engine: Engine) -> Engine:
    """A model with two sweeps, of which the first is shown, and runs 3 to 6 that may explain."""
    with open_session(engine, commit=True) as session:
        model, corpus = rows.model(), rows.corpus()
        session.add_all([model, corpus])
        session.flush()
        windows = WindowSetTable(
            model_id=model.id, corpus_id=corpus.id, window_length=8,
            counts={"fit": 1, "test": 1}, parameters={}, sha256="0",
        )  # fmt: skip
        session.add_all([windows, rows.site(model.id)])
        session.flush()
        for kind in ("sweep", "sweep", *["explain"] * 4):
            run = rows.run(model.id, kind)
            run.window_set_id = windows.id
            session.add(run)
            session.flush()
        model.current_run_id = FIRST_SWEEP
        session.add_all([
            UnitStatisticsTable(
                run_id=sweep, site_id=1, split="fit", unit_index=unit, n_nonfinite=0, n_windows=1,
                n_positions=8,
            )
            for sweep in (FIRST_SWEEP, SECOND_SWEEP) for unit in range(4)
        ])  # fmt: skip
    return engine


def explain(engine: Engine, run_id: int, sweep_id: int, text: str, r: float = 0.5) -> int:
    with begin(engine) as connection:
        (number,) = write_explanations(
            connection, model_id=1, site_id=1, run_id=run_id, sweep_id=sweep_id, method="rules",
            units=[0], rows=[rules(0, text, r=r)],
        )  # fmt: skip
    return number


def shown(engine: Engine, sweep: int | None = None) -> list[str]:
    """On the page of unit 0; and nothing else elsewhere."""
    with open_session(engine) as session:
        place = locate_site(session, **PLACE, run_id=sweep)
        lines = explanations_of_unit(session, place, 0)
        best = best_claims(session, **PLACE, indices=[0], run_id=sweep).get(0)
        among = best_claims_of(session, model="toy", units=[("mlp.0", 0)], run_id=sweep)
        listed = list_explanations(session, **PLACE, index=0).items
        assert lines_of(session, [line.id for line in listed]) == {one.id: one for one in listed}
        latest = {line.id for line in listed if line.latest}
    assert all(line.latest for line in lines)
    assert {line.id for line in lines} <= latest
    assert (best.id if best else None) in ([line.id for line in lines] or [None])
    assert among.get(("mlp.0", 0)) == best
    if sweep is None:
        with open_session(engine) as session:
            chosen = find_chosen(session, model="toy")
        exported = [one.text for one in read_all(engine, chosen)]
        assert sorted(exported) == sorted(line.text for line in lines)
    return [line.text for line in lines]


@pytest.mark.parametrize("then", ["withdrawn", "edited"])
def test_what_a_later_run_replaced_does_not_come_back_with_what_a_person_does(
    swept: Engine, then: str
):
    explain(swept, 3, FIRST_SWEEP, "Old.", r=0.9)
    newer = explain(swept, 4, FIRST_SWEEP, "New.", r=0.1)
    assert shown(swept) == ["New."]
    with open_session(swept, commit=True) as session:
        if then == "withdrawn":
            withdraw_explanation(session, explanation_id=newer, actor="me")
        else:
            edit_explanation(session, explanation_id=newer, claim=Claim("Mine."), actor="me")
    assert shown(swept) == ([] if then == "withdrawn" else ["Mine."])


def test_each_sweep_has_what_was_found_on_it(swept: Engine):
    explain(swept, 3, FIRST_SWEEP, "On the first.", r=0.4)
    explain(swept, 4, SECOND_SWEEP, "On the second.", r=0.8)
    assert shown(swept) == shown(swept, FIRST_SWEEP) == ["On the first."]
    assert shown(swept, SECOND_SWEEP) == ["On the second."]
    with open_session(swept, commit=True) as session:
        session.get_one(ModelTable, 1).current_run_id = SECOND_SWEEP
    assert shown(swept) == ["On the second."]


def test_search_finds_only_what_the_newest_run_found(swept: Engine):
    ids = [explain(swept, run, FIRST_SWEEP, f"Said {run}.", r=1 / run) for run in (3, 4, 5)]
    vector = np.full(128, 128**-0.5, np.float32)
    with begin(swept) as connection:
        write_vectors(connection, ids, np.stack([vector] * len(ids)))
    with open_session(swept) as session:
        found = search(session, query="said").items
        alike = search(session, query="mammal", vector=vector)
        lines, more = search_explanations(session, query="said", limit=1)
        beyond, _ = search_explanations(session, query="said", offset=1)
    assert [item.explanation.text for item in found] == ["Said 5."]
    assert [item.n_explanations for item in found] == [1]
    assert [item.explanation.text for item in alike.items] == ["Said 5."]
    assert [one.n for one in alike.considered if one.what == "meaning"] == [1]
    assert ([line.text for line in lines], more, beyond) == (["Said 5."], False, [])


def test_units_are_sorted_by_what_was_found_on_the_sweep_that_is_asked_for(swept: Engine):
    explain(swept, 3, FIRST_SWEEP, "On the first.", r=0.4)
    with begin(swept) as connection:
        write_explanations(
            connection, model_id=1, site_id=1, run_id=4, sweep_id=SECOND_SWEEP, method="rules",
            units=[1], rows=[rules(1, r=0.8)],
        )  # fmt: skip
    for sweep, best in ((FIRST_SWEEP, 0), (SECOND_SWEEP, 1)):
        with open_session(swept) as session:
            page = list_units(session, **PLACE, sort="r", order="desc", run_id=sweep)
        assert page.items[0].index == best


def test_what_a_person_wrote_is_shown_beside_every_sweep(swept: Engine):
    explain(swept, 3, FIRST_SWEEP, "On the first.")
    with open_session(swept, commit=True) as session:
        create_explanation(session, **PLACE, index=0, claim=Claim("Mine."), actor="me")
    assert shown(swept) == ["On the first.", "Mine."]
    assert shown(swept, SECOND_SWEEP) == ["Mine."]
