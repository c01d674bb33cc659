"""Lists of units: made, filled, emptied, deleted."""

import pytest
from sqlalchemy import Engine, delete

from app.errors import BadRequestError, ConflictError, NotFoundError
from app.store.engine import open_session
from app.store.listing import Named, add_units, create_unit_list, delete_unit_list, remove_unit
from app.store.queries.unit_list import get_unit_list, list_unit_lists
from app.store.tables import ModelTable
from tests.store import rows


@pytest.fixture
def toy(engine: Engine) -> Engine:
    """Two models with a site of eight neurons each."""
    with open_session(engine, commit=True) as session:
        models = [rows.model(), rows.model("other")]
        session.add_all(models)
        session.flush()
        session.add_all(rows.site(model.id) for model in models)
    return engine


def create(engine: Engine, **options) -> str:
    with open_session(engine, commit=True) as session:
        return create_unit_list(session, **{"name": "Animals", "actor": "me", **options}).slug


def add(engine: Engine, slug: str, *units: Named):
    with open_session(engine, commit=True) as session:
        return add_units(session, slug=slug, units=units, actor="me")


def unit(index: int, model: str = "toy", description: str = "") -> Named:
    return Named(model, "mlp.0", index, description)


def test_units_stand_in_the_order_in_which_they_were_added(toy: Engine):
    slug = create(toy, description="What barks")
    add(toy, slug, unit(5), unit(2, "other", "a dog"))
    view = add(toy, slug, unit(3))
    assert [(one.model, one.site, one.index, one.description) for one in view.entries] == [
        ("toy", "mlp.0", 5, ""), ("other", "mlp.0", 2, "a dog"), ("toy", "mlp.0", 3, ""),
    ]  # fmt: skip
    assert (view.name, view.description, view.n_entries) == ("Animals", "What barks", 3)
    with open_session(toy) as session:
        assert get_unit_list(session, slug=slug) == view


def test_a_unit_is_in_a_list_once(toy: Engine):
    slug = create(toy)
    add(toy, slug, unit(5), unit(5), unit(1))
    assert [one.index for one in add(toy, slug, unit(1), unit(5)).entries] == [5, 1]


def test_a_unit_is_taken_out(toy: Engine):
    slug = create(toy)
    add(toy, slug, unit(5), unit(1))
    with open_session(toy, commit=True) as session:
        view = remove_unit(session, slug=slug, unit=unit(5), actor="me")
        assert [one.index for one in view.entries] == [1]
        with pytest.raises(NotFoundError, match=r"does not have toy mlp\.0/5"):
            remove_unit(session, slug=slug, unit=unit(5), actor="me")


def test_a_list_of_one_model_takes_no_units_of_another(toy: Engine):
    slug = create(toy, model="toy")
    with pytest.raises(ConflictError, match="not other"):
        add(toy, slug, unit(1), unit(1, "other"))
    with open_session(toy) as session:
        assert get_unit_list(session, slug=slug).entries == []


@pytest.mark.parametrize(
    "wrong", [unit(8), unit(-1), unit(0, "none"), Named("toy", "mlp.9", 0), Named("toy", "\0", 0)]
)
def test_units_that_are_not_there_are_not_added(toy: Engine, wrong: Named):
    slug = create(toy)
    with pytest.raises(NotFoundError):
        add(toy, slug, unit(1), wrong)
    with open_session(toy) as session:
        assert get_unit_list(session, slug=slug).entries == []


def test_lists_are_newest_first_filtered_and_paged(toy: Engine):
    made = [create(toy, name=f"list {n}") for n in range(4)]
    add(toy, made[0], unit(1))
    of_model, yours = create(toy, model="toy"), create(toy, actor="you")
    with open_session(toy) as session:
        first = list_unit_lists(session, limit=4)
        rest = list_unit_lists(session, limit=4, cursor=first.next_cursor)
        assert [one.slug for one in list_unit_lists(session, model="toy").items] == [of_model]
        assert [one.slug for one in list_unit_lists(session, actor="you").items] == [yours]
    lines = first.items + rest.items
    assert [line.slug for line in lines] == [yours, of_model, *made[::-1]]
    assert [line.n_entries for line in lines] == [0, 0, 0, 0, 0, 1]
    assert rest.next_cursor is None


def test_a_deleted_list_is_gone_and_its_units_are_not(toy: Engine):
    slug = create(toy)
    add(toy, slug, unit(1))
    with open_session(toy, commit=True) as session:
        delete_unit_list(session, slug=slug, actor="me")
        with pytest.raises(NotFoundError):
            get_unit_list(session, slug=slug)
    assert add(toy, create(toy), unit(1)).n_entries == 1


def test_what_cannot_be_kept_is_refused(toy: Engine):
    slug = create(toy)
    with pytest.raises(BadRequestError, match="name has 0"):
        create(toy, name=" ")
    with pytest.raises(BadRequestError, match="name has 201"):
        create(toy, name="x" * 201)
    with pytest.raises(NotFoundError):
        create(toy, model="none")
    with pytest.raises(BadRequestError, match="1,001 units"):
        add(toy, slug, *[unit(1)] * 1001)
    for missing in ("x" * 12, "", "\0" * 12):
        with pytest.raises(NotFoundError):
            add(toy, missing, unit(1))


def test_a_model_that_goes_takes_its_units_out_of_lists(toy: Engine):
    slug = create(toy)
    add(toy, slug, unit(1), unit(2, "other"))
    with open_session(toy, commit=True) as session:
        session.execute(delete(ModelTable).where(ModelTable.name == "toy"))
    with open_session(toy) as session:
        assert [one.model for one in get_unit_list(session, slug=slug).entries] == ["other"]
