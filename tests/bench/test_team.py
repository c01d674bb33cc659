"""The benchmark of a team: small, on both databases; and that it would see what went wrong."""

import pytest

from app.bench import team
from app.bench.annotators import Seen, doubled
from app.bench.measurement import Measurement

COUNTED = ("lost", "doubled", "errors", "refused", "handed_twice", "log_faults")


@pytest.fixture(scope="module")
def measured() -> dict[str, Measurement]:
    people = {"sqlite": 4, "postgresql": 6}
    found = list(team.measure(quick=True, people=people, seconds=4, looks=0.1, neurons=16))
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


@pytest.mark.parametrize("prefix", ["team.", "team.sqlite."])
def test_nothing_is_lost_doubled_or_refused(measured: dict[str, Measurement], prefix: str) -> None:
    assert {name: measured[prefix + name].value for name in COUNTED} == dict.fromkeys(COUNTED, 0)
    assert measured[f"{prefix}judgements"].value > 10
    assert measured[f"{prefix}p95_ms"].value >= measured[f"{prefix}p50_ms"].value > 0


def test_what_is_not_stored_as_it_was_acknowledged_is_counted(engine) -> None:
    seen = Seen(taken={"submit": [1.0, 2.0]}, acknowledged={1: "a", 2: "b"})
    found = {one.name: one.value for one in team._figures("", engine, seen, 1.0, "here")}
    assert (found["lost"], found["doubled"]) == (2, 0)


def test_what_comes_again_is_counted() -> None:
    assert doubled(["a", "b", "a", "a"]) == 2
