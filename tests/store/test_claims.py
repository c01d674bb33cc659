"""The best claim about each unit of a list."""

import pytest
from sqlalchemy import Engine

from app.errors import NotFoundError
from app.settings import Settings
from app.store.engine import open_session
from app.store.locating import locate_site
from app.store.queries.claim import best_claims, best_claims_of
from app.store.queries.explanation import (
    Claim,
    create_explanation,
    explanations_of_unit,
    withdraw_explanation,
)
from app.store.queries.unit import list_units
from app.store.synthetic import fill_synthetic
from tests.conftest import Filled

PLACE = {"model": "synthetic", "site": "mlp.0"}


def test_it_is_the_current_one_with_the_highest_r_on_test(filled: Filled):
    with open_session(filled.engine) as session:
        place = locate_site(session, **PLACE)
        found = best_claims(session, **PLACE, indices=[0, 4, 5, 7])
        for index, claim in found.items():
            lines = explanations_of_unit(session, place, index)
            scored = {
                line.id: line.headline.r
                for line in lines
                if line.method in ("rules", "hand", "language_model")
                and line.headline is not None
                and line.headline.r is not None
            }
            assert claim.id == max(scored, key=scored.__getitem__)
            assert claim.headlines[0].r == scored[claim.id]
            assert [one.split for one in claim.headlines] == ["test"]


def test_token_lookup_and_output_sides_are_no_claims(filled: Filled):
    with open_session(filled.engine) as session:
        found = best_claims(session, **PLACE, indices=range(12))
    assert {claim.method for claim in found.values()} <= {"rules", "hand", "language_model"}


def test_units_of_several_sites_are_found_at_once(filled: Filled):
    units = [("mlp.0", 0), ("mlp.1", 0), ("attn.0", 1), ("mlp.99", 3)]
    with open_session(filled.engine) as session:
        found = best_claims_of(session, model="synthetic", units=units)
        alone = best_claims(session, model="synthetic", site="mlp.1", indices=[0])
    assert set(found) == set(units[:3])
    assert found["mlp.1", 0] == alone[0]


def test_of_nothing_nothing_is_found(filled: Filled):
    with open_session(filled.engine) as session:
        assert best_claims(session, **PLACE, indices=[]) == {}
        assert best_claims_of(session, model="synthetic", units=[]) == {}
        assert best_claims_of(session, model="synthetic", units=[("mlp.99", 0)]) == {}
        with pytest.raises(NotFoundError):
            best_claims(session, model="nobody", site="mlp.0", indices=[1])


def test_what_is_withdrawn_is_claimed_no_longer_and_what_is_unscored_comes_last(
    engine: Engine, settings: Settings
):
    fill_synthetic(
        engine, data=settings.data, layers=1, neurons=8, heads=2, windows=24, window_length=16,
        exemplars_per_kind=2,
    )  # fmt: skip
    with open_session(engine, commit=True) as session:
        said = create_explanation(
            session, **PLACE, index=5, claim=Claim("Fires at krakens."), actor="me"
        )
        before = best_claims(session, **PLACE, indices=[5])[5]
        assert before.id != said.id
        withdraw_explanation(session, explanation_id=before.id, actor="me")
        after = best_claims(session, **PLACE, indices=[5])[5]
        assert after.id not in (before.id,)


def test_the_table_of_units_is_sorted_by_it_page_by_page(filled: Filled):
    with open_session(filled.engine) as session:
        best = {
            index: claim.headlines[0].r if claim.headlines else None
            for index, claim in best_claims(session, **PLACE, indices=range(200)).items()
        }
        seen: list[int] = []
        cursor = None
        while True:
            page = list_units(session, **PLACE, sort="r", order="desc", limit=5, cursor=cursor)
            seen += [row.index for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(seen) == sorted(set(seen))
        values = [best.get(index) for index in seen]
    defined = [value for value in values if value is not None]
    assert defined
    assert None in values  # the constant neuron
    assert values[: len(defined)] == sorted(defined, reverse=True)
