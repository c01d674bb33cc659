"""Steering vectors: kept under an index that is never given twice."""

import math

import pytest
from sqlalchemy import Engine, delete

from app.errors import BadRequestError, NotFoundError
from app.store.engine import open_session
from app.store.queries.vector import get_vector, list_vectors, vectors_of
from app.store.steering import create_vector, delete_vector
from app.store.tables import ModelTable
from tests.store import rows

VALUES = [0.5, -1.0, 2.0, 0.25]


@pytest.fixture
def toy(engine: Engine) -> Engine:
    with open_session(engine, commit=True) as session:
        for name in ("toy", "other"):
            model = rows.model(name)
            model.facts, model.n_layers = {"d_model": 4}, 3
            session.add(model)
    return engine


def create(engine: Engine, **options):
    given = {"model": "toy", "site": "resid.1", "label": "calm", "values": VALUES, "actor": "me"}
    with open_session(engine, commit=True) as session:
        return create_vector(session, **{**given, **options})


def test_a_vector_is_read_back_as_it_was_given(toy: Engine):
    made = create(toy, default_strength=10)
    with open_session(toy) as session:
        view = get_vector(session, model="toy", site="resid.1", index=made.index)
    assert view == made
    assert (view.label, view.values, view.default_strength) == ("calm", VALUES, 10)
    assert view.norm == pytest.approx(math.sqrt(5.3125))


def test_the_index_of_a_deleted_vector_is_not_given_again(toy: Engine):
    first = create(toy)
    with open_session(toy, commit=True) as session:
        delete_vector(session, model="toy", site="resid.1", index=first.index, actor="me")
    assert create(toy).index > first.index
    with open_session(toy) as session, pytest.raises(NotFoundError):
        get_vector(session, model="toy", site="resid.1", index=first.index)


def test_vectors_are_listed_by_model_and_site_newest_first(toy: Engine):
    made = [create(toy, site=f"resid.{n % 2}").index for n in range(5)]
    create(toy, model="other")
    with open_session(toy) as session:
        first = list_vectors(session, model="toy", limit=3)
        rest = list_vectors(session, model="toy", limit=3, cursor=first.next_cursor)
        of_site = list_vectors(session, model="toy", site="resid.0").items
    assert [line.index for line in first.items + rest.items] == made[::-1]
    assert rest.next_cursor is None
    assert [line.index for line in of_site] == made[4::-2]


def test_an_actors_vectors_are_of_all_models_and_nobody_elses(toy: Engine):
    mine, other = create(toy), create(toy, model="other")
    create(toy, actor="you")
    with open_session(toy) as session:
        assert vectors_of(session, actor="me") == [other, mine]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"values": VALUES[:3]}, "has 3 numbers.* has 4"),
        ({"values": []}, "has 0 numbers"),
        ({"values": [1.0, math.nan, math.inf, 0.0]}, "2 of the vector's 4.* number 1: nan"),
        ({"values": [1e39, 0.0, 0.0, 0.0]}, r"too large .* number 0: 1e\+39"),
        ({"default_strength": math.nan}, "strength of nan"),
        ({"default_strength": math.inf}, "strength of inf"),
        ({"default_strength": 1e7}, "strength"),
        ({"label": "  "}, "0 characters"),
        ({"label": "x" * 201}, "201 characters"),
    ],
)
def test_what_is_no_vector_of_the_model_is_refused_with_numbers(toy: Engine, options, told):
    with pytest.raises(BadRequestError, match=told):
        create(toy, **options)


@pytest.mark.parametrize("site", ["resid.3", "mlp.0", "resid.-1", "resid.01", "resid.", "", "\0"])
def test_a_place_that_the_stream_does_not_have_is_not_found(toy: Engine, site: str):
    with pytest.raises(NotFoundError, match=r"no residual stream") as caught:
        create(toy, site=site)
    assert "resid.0 to resid.2" in str(caught.value.hint)


def test_a_vector_is_found_only_beside_its_model_and_site(toy: Engine):
    made = create(toy)
    with open_session(toy) as session:
        for model, site, index in (
            ("other", "resid.1", made.index), ("toy", "resid.0", made.index),
            ("toy", "resid.1", made.index + 1), ("toy", "resid.1", 10**30),
            ("none", "resid.1", made.index),
        ):  # fmt: skip
            with pytest.raises(NotFoundError):
                get_vector(session, model=model, site=site, index=index)


def test_vectors_go_with_their_model(toy: Engine):
    create(toy)
    with open_session(toy, commit=True) as session:
        session.execute(delete(ModelTable).where(ModelTable.name == "toy"))
    with open_session(toy) as session:
        assert vectors_of(session, actor="me") == []
