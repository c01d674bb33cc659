import math
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, event, update
from sqlalchemy.orm import Session

from app.errors import BadRequestError, NotFoundError
from app.store.engine import open_session
from app.store.packing import pack
from app.store.queries import unit as unit_queries
from app.store.queries.unit import SORTS, get_unit, list_units, random_units
from app.store.tables.unit import RelatedUnitTable, SiteSummaryTable
from app.store.views.unit import UnitRow
from tests.conftest import Filled


def units(filled: Filled, **options: Any) -> list[UnitRow]:
    options = {"model": "synthetic", "site": "mlp.1", **options}
    with open_session(filled.engine) as session:
        return list_units(session, **options).items


def all_pages(filled: Filled, **options: Any) -> list[UnitRow]:
    found, cursor = [], None
    with open_session(filled.engine) as session:
        while True:
            page = list_units(
                session, model="synthetic", site="mlp.1", cursor=cursor, limit=3, **options
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


def key(unit: UnitRow, sort: str) -> Any:
    return unit.index if sort == "index" else getattr(unit, sort)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_every_sort_cover_every_unit_once_in_order(filled: Filled, sort: str, order: str):
    found = all_pages(filled, sort=sort, order=order)
    assert sorted(unit.index for unit in found) == list(range(16))
    sign = -1 if order == "desc" else 1
    defined = [u for u in found if key(u, sort) is not None]
    expected = sorted(defined, key=lambda u: (sign * key(u, sort), sign * u.index))
    assert found[: len(defined)] == expected
    undefined = found[len(defined) :]
    assert [u.index for u in undefined] == sorted(
        (u.index for u in undefined), reverse=order == "desc"
    )


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["above", "mean", "minimum", "skewness", "variance"])
def test_pages_of_a_large_site_are_the_same_whether_its_percentiles_are_right_or_wrong(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, sort: str, order: str
):
    def pages(session: Session) -> list[tuple[list[UnitRow], str | None]]:
        found, cursor = [], None
        while not found or cursor:
            page = list_units(
                session, model="synthetic", site="mlp.1", sort=sort, order=order, limit=3,
                cursor=cursor,
            )  # fmt: skip
            cursor = page.next_cursor
            found.append((page.items, cursor))
        return found

    with open_session(filled.engine) as session:
        as_small = pages(session)
        monkeypatch.setattr(unit_queries, "LARGE_SITE", 1)
        assert pages(session) == as_small
        for wrong in (-1e9, 1e9, math.nan):
            quantiles = pack(np.full(101, wrong), np.float32)
            session.execute(update(SiteSummaryTable).values(quantiles=quantiles))
            assert pages(session) == as_small
        session.execute(delete(SiteSummaryTable))
        assert pages(session) == as_small


def test_undefined_values_come_last_whatever_the_order(filled: Filled):
    for order in ("asc", "desc"):
        last = units(filled, sort="kurtosis", order=order)[-2:]
        assert {unit.index for unit in last} == {1, 3}  # constant, and without a finite activation
        assert all(unit.kurtosis is None for unit in last)


def test_bounds_keep_only_units_within(filled: Filled):
    everything = units(filled)
    low, high = sorted(u.density for u in everything if u.density is not None)[4:9:4]
    found = units(filled, density_min=low, density_max=high)
    assert 0 < len(found) < 16
    assert [u.index for u in found] == [
        u.index for u in everything if u.density is not None and low <= u.density <= high
    ]
    assert units(filled, maximum_min=math.inf) == []
    assert units(filled, kurtosis_max=0.5) == []


def test_dead_and_flagged_units_can_be_asked_for_or_left_out(filled: Filled):
    assert [u.index for u in units(filled, dead=True)] == [1]
    assert [u.index for u in units(filled, flagged=True)] == [2, 3]
    assert [u.index for u in units(filled, dead=False)] == [0, *range(2, 16)]
    assert [u.index for u in units(filled, flagged=False)] == [0, 1, *range(4, 16)]
    assert {u.index for u in units(filled) if u.dead} == {1}
    assert {u.index for u in units(filled) if u.flagged} == {2, 3}


def test_a_unit_of_a_relu_is_dead_where_it_never_rises_above_0(filled: Filled):
    assert [u.index for u in units(filled, model="synthetic-2", dead=True)] == [1]


def test_filters_and_cursors_go_together(filled: Filled):
    found = all_pages(filled, sort="density", order="desc", dead=False, flagged=False)
    assert sorted(u.index for u in found) == [0, *range(4, 16)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sort": "colour"}, "kurtosis"),
        ({"sort": "unit_index; DROP TABLE units"}, "kurtosis"),
        ({"order": "sideways"}, "desc"),
        ({"limit": 0}, "1 to 200"),
        ({"limit": 10**9}, "1 to 200"),
        ({"cursor": "nonsense"}, "next_cursor"),
        ({"density_min": math.nan}, "number"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(
    filled: Filled, options: dict[str, Any], told: str
):
    with pytest.raises(BadRequestError) as caught:
        units(filled, **options)
    assert told in str(caught.value.hint)


def test_only_the_page_of_one_unit_reads_histograms(filled: Filled):
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:  # noqa: ARG001
        asked.append(statement)

    event.listen(filled.engine, "before_cursor_execute", note)
    try:
        units(filled, sort="mean", order="desc", flagged=False)
        with open_session(filled.engine) as session:
            random_units(session, model="synthetic", n=8, seed=5)
        of_many = list(asked)
        with open_session(filled.engine) as session:
            get_unit(session, model="synthetic", site="mlp.1", index=5)
    finally:
        event.remove(filled.engine, "before_cursor_execute", note)
    assert any("unit_statistics" in statement for statement in of_many)
    assert not any("histogram" in statement for statement in of_many)
    assert sum("unit_histograms" in statement for statement in asked) == 1


def test_a_cursor_of_another_sort_is_refused(filled: Filled):
    with open_session(filled.engine) as session:
        cursor = list_units(session, model="synthetic", site="mlp.0", limit=2).next_cursor
    with pytest.raises(BadRequestError, match="index:asc"):
        units(filled, sort="density", cursor=cursor)


@pytest.mark.parametrize(
    "options",
    [
        {"model": "none"},
        {"model": "a\0b"},
        {"site": "mlp.99"},
        {"site": "../etc"},
        {"split": "ood:law"},
        {"run_id": 99},
        {"run_id": 10**30},
        {"run_id": 3},  # a run, but no sweep
        {"run_id": 6},  # a sweep, but of the other model
    ],
)
def test_what_is_missing_is_not_found(filled: Filled, options: dict[str, Any]):
    with pytest.raises(NotFoundError) as caught:
        units(filled, **options)
    assert caught.value.hint


def test_a_unit_has_everything_that_is_known(filled: Filled):
    with open_session(filled.engine) as session:
        unit = get_unit(session, model="synthetic", site="mlp.1", index=5)
    assert (unit.kind, unit.layer, unit.n_units, unit.run_id) == ("mlp", 1, 16, 2)
    assert [s.split for s in unit.statistics] == ["fit", "calibration", "test", "ood:code"]
    fit = unit.statistics[0]
    assert len(fit.histogram.edges) == len(fit.histogram.counts) + 1 == 129
    assert sum(fit.histogram.counts) == fit.n_positions
    assert fit.threshold == 1.0
    assert unit.output is not None
    assert unit.output.gated
    assert len(unit.output.promoted) == len(unit.output.suppressed) == 10
    assert unit.output.promoted[0].z > 0 > unit.output.suppressed[0].z
    assert [related.method for related in unit.related] == ["output", "activity"]
    assert {item.site for item in unit.related[0].items} <= {"mlp.0", "mlp.1"}
    assert unit.exemplar_sets[:4] == [
        ("fit", "top"), ("fit", "bottom"), ("fit", "interval"), ("fit", "random"),
    ]  # fmt: skip


def test_a_head_has_no_output_side(filled: Filled):
    with open_session(filled.engine) as session:
        unit = get_unit(session, model="synthetic", site="attn.0", index=2)
    assert unit.output is None
    assert unit.related == []


def test_a_constant_unit_has_no_relatives_but_was_compared(filled: Filled):
    with open_session(filled.engine) as session:
        session.execute(
            update(RelatedUnitTable).values(sites=b"", indices=b"", values=b"", test_values=None)
        )
        unit = get_unit(session, model="synthetic", site="mlp.1", index=5)
    assert [(related.method, related.items) for related in unit.related] == [
        ("output", []), ("activity", []),
    ]  # fmt: skip


def test_a_unit_without_any_finite_activation_is_flagged_and_undefined(filled: Filled):
    with open_session(filled.engine) as session:
        unit = get_unit(session, model="synthetic", site="mlp.0", index=3)
    fit = unit.statistics[0]
    assert (fit.flagged, fit.dead, fit.maximum, fit.n_positions) == (True, False, None, 0)
    assert unit.exemplar_sets == []


@pytest.mark.parametrize("index", [-1, 16, 10**30])
def test_a_unit_that_is_not_there_says_which_are(filled: Filled, index: int):
    with open_session(filled.engine) as session, pytest.raises(NotFoundError) as caught:
        get_unit(session, model="synthetic", site="mlp.1", index=index)
    assert caught.value.hint == "Its units are 0 to 15."


def test_the_same_seed_draws_the_same_units(filled: Filled):
    with open_session(filled.engine) as session:
        first = random_units(session, model="synthetic", n=8, seed=5)
        again = random_units(session, model="synthetic", n=8, seed=5)
        other = random_units(session, model="synthetic", n=8, seed=6)
        more = random_units(session, model="synthetic", n=20, seed=5)
    assert first == again == more[:8]
    assert first != other
    assert len({(u.site, u.index) for u in more}) == 20


def test_random_units_are_uniform_over_all_units(filled: Filled):
    counts: dict[tuple[str, int], int] = {}
    with open_session(filled.engine) as session:
        for seed in range(150):
            for unit in random_units(session, model="synthetic", n=4, seed=seed):
                counts[unit.site, unit.index] = counts.get((unit.site, unit.index), 0) + 1
    expected = 150 * 4 / 38
    chi_square = sum((n - expected) ** 2 / expected for n in counts.values())
    assert len(counts) == 38
    assert chi_square < 70  # 37 degrees of freedom: p of 0.001


def test_more_units_than_there_are_gives_all(filled: Filled):
    with open_session(filled.engine) as session:
        found = random_units(session, model="synthetic", n=200, seed=0)
        heads = random_units(session, model="synthetic", n=200, seed=0, kind="attn")
    assert len(found) == 38
    assert sorted((u.site, u.index) for u in heads) == [
        (f"attn.{layer}", index) for layer in range(2) for index in range(3)
    ]


def test_an_absurd_number_of_random_units_is_refused(filled: Filled):
    with open_session(filled.engine) as session, pytest.raises(BadRequestError):
        random_units(session, model="synthetic", n=201, seed=0)
