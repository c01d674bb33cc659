"""The best claim about each unit of a list."""

import pytest
from sqlalchemy import Engine

from app.errors import NotFoundError
from app.rendering import score as saying
from app.settings import Settings
from app.store.claiming import Claim, create_explanation, withdraw_explanation
from app.store.engine import begin, open_session
from app.store.importing import write_imports
from app.store.locating import locate_site
from app.store.portable import ExplanationRecord
from app.store.queries.claim import best_claims, best_claims_of
from app.store.queries.explanation import explanations_of_unit
from app.store.queries.exporting import find_receiver
from app.store.queries.search import search
from app.store.queries.unit import list_units
from app.store.synthetic import fill_synthetic
from app.store.writing_explanations import write_scores
from tests.conftest import Filled
from tests.store.claims import PROGRAM, score

PLACE = {"model": "synthetic", "site": "mlp.0"}


@pytest.fixture
def own(engine: Engine, settings: Settings) -> Engine:
    """A small store that a test may change."""
    fill_synthetic(
        engine, data=settings.data, layers=1, neurons=8, heads=2, windows=24, window_length=16,
        exemplars_per_kind=2,
    )  # fmt: skip
    return engine


def import_claim(engine: Engine, index: int, r: float, judge: str = "program") -> int:
    """A program whose file says that it was tested and did well; its id."""
    said = ExplanationRecord(
        model="synthetic", site="mlp.0", index=index, text="Fires at boasts.", program=PROGRAM,
        method="rules", author="a boaster", bits=10.0, n_rules=1, n_listed=2, created_at=None,
        details={}, scores=(score(r, judge=judge), score(r, split="ood:code", judge=judge)),
        id=None, run_id=None,
    )  # fmt: skip
    with open_session(engine) as session:
        receiver = find_receiver(session, model="synthetic")
    with begin(engine) as connection:
        return write_imports(connection, receiver, [said])[0]


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


def test_what_an_import_says_of_itself_makes_it_neither_best_nor_tested(own: Engine):
    number = import_claim(own, 5, 0.999)
    with open_session(own) as session:
        place = locate_site(session, **PLACE)
        units = list_units(session, **PLACE, sort="r", order="desc").items
        best = best_claims(session, **PLACE, indices=[row.index for row in units])
        among = best_claims_of(session, model="synthetic", units=[("mlp.0", 5)])
        lines = explanations_of_unit(session, place, 5)
        (found,) = search(session, query="boasts").items
        assert search(session, query="boasts", r_min=0.5).items == []
    assert best[5].id != number
    assert among["mlp.0", 5] == best[5]
    shown = [claim.headlines[0].r for row in units if (claim := best[row.index]).headlines]
    defined = [r for r in shown if r is not None]
    assert max(defined) == defined[0] < 0.999
    (line,) = [line for line in lines if line.id == number]
    assert line.headline.judge == "import:program"
    assert found.explanation == line
    assert saying.best_claim(lines).id == best[5].id
    assert number not in saying.highest_of(lines)
    assert "survived" not in saying.tested(line.headlines)
    assert "not tested here" in saying.tested(line.headlines)


def test_what_was_imported_counts_once_it_was_scored_here(own: Engine):
    number = import_claim(own, 5, 0.999, judge="a judge")
    with begin(own) as connection:
        write_scores(connection, run_id=None, scores={number: [score(0.998, judge="a model")]})
    with open_session(own) as session:
        best = best_claims(session, **PLACE, indices=[5])[5]
        lines = explanations_of_unit(session, locate_site(session, **PLACE), 5)
        first = list_units(session, **PLACE, sort="r", order="desc", limit=1).items[0]
    assert (best.id, saying.best_claim(lines).id, first.index) == (number, number, 5)
    assert best.headlines[0].judge == "a model"
    (line,) = [line for line in lines if line.id == number]
    assert line.headline.judge == "a model"


def test_what_is_withdrawn_is_claimed_no_longer_and_what_is_unscored_comes_last(own: Engine):
    with open_session(own, commit=True) as session:
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
