"""Programs run over the interface: where an explanation fails, what one would be worth."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.trials.reading import MOST_SEARCHES

UNIT = "/api/v1/models/synthetic/sites/mlp.1/units/7/explanations"


def first(filled: TestClient, method: str) -> int:
    number: int = filled.get(UNIT, params={"method": method}).json()["items"][0]["id"]
    return number


def evidence(filled: TestClient, number: int, **parameters: str) -> Any:
    answer = filled.get(f"/api/v1/explanations/{number}/evidence", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(simulation: Any) -> list[Any]:
    """Every window once: one that was drawn at random may be among the worst."""
    both = (*simulation["worst"], *simulation["random"])
    return list({window["window"]: window for window in both}.values())


def test_windows_come_by_their_share_of_the_error_and_at_random(filled: TestClient) -> None:
    found = evidence(filled, first(filled, "rules"))["simulation"]
    shares = [window["share"] for window in found["worst"]]
    assert shares == sorted(shares, reverse=True)
    for kind in ("worst", "random"):
        numbers = [window["window"] for window in found[kind]]
        assert len(set(numbers)) == len(numbers)
    others = [window["share"] for window in shown(found)[len(shares) :]]
    assert max(others, default=0) <= min(shares)
    assert 0 < sum([*shares, *others]) <= 1 + 1e-9


def test_the_share_of_a_window_is_its_part_of_the_squared_error(filled: TestClient) -> None:
    found = evidence(filled, first(filled, "rules"))["simulation"]
    windows = shown(found)
    errors = [
        sum(
            (actual - predicted) ** 2
            for actual, predicted in zip(
                window["actual"][found["counted_from"] :],
                window["predicted"][found["counted_from"] :],
                strict=True,
            )
        )
        for window in windows
    ]
    everything = errors[0] / windows[0]["share"]
    assert everything >= sum(errors) * (1 - 1e-3)
    for window, error in zip(windows, errors, strict=True):
        assert window["share"] == pytest.approx(error / everything, rel=1e-3)


def test_another_split_has_windows_of_its_own(filled: TestClient) -> None:
    number = first(filled, "rules")
    test, code = (evidence(filled, number, split=split) for split in ("test", "ood:code"))
    assert code["simulation"]["split"] == "ood:code"
    assert {w["window"] for w in test["simulation"]["worst"]}.isdisjoint(
        w["window"] for w in code["simulation"]["worst"]
    )
    assert test["program"] == code["program"]


def test_a_split_without_a_pool_says_so(filled: TestClient) -> None:
    found = evidence(filled, first(filled, "rules"), split="ood:speeches")
    assert found["simulation"] is None
    assert "kept no pool" in found["missing"]


@pytest.mark.parametrize("method", ["rules", "output"])
@pytest.mark.parametrize("split", ["fit", "calibration"])
def test_text_that_explanations_are_made_from_is_no_evidence(
    filled: TestClient, split: str, method: str
) -> None:
    address = f"/api/v1/explanations/{first(filled, method)}/evidence"
    answer = filled.get(address, params={"split": split})
    assert answer.status_code == 422
    problem = answer.json()
    assert f"made from split {split}" in problem["detail"]
    assert problem["hint"] == "Ask for test or ood:code."


def test_words_have_no_program_and_no_simulation(filled: TestClient) -> None:
    found = evidence(filled, first(filled, "output"))
    assert found == {"program": None, "simulation": None, "missing": None}


def test_what_does_not_exist_is_not_found(filled: TestClient) -> None:
    assert filled.get("/api/v1/explanations/999999/evidence").status_code == 404


def test_a_program_is_tried_and_nothing_is_stored(filled: TestClient) -> None:
    before = filled.get(UNIT).json()
    answer = filled.post(f"{UNIT}/try", json={"program": 'when word in {"qqzz"} -> 1'})
    assert answer.status_code == 200
    trial = answer.json()
    assert trial["program"]["unknown"] == ["qqzz"]
    assert [headline["split"] for headline in trial["headlines"]] == ["calibration"]
    assert {headline["status"] for headline in trial["headlines"]} == {"undefined"}
    assert filled.get(UNIT).json() == before


def test_a_program_that_cannot_be_read_says_where(filled: TestClient) -> None:
    answer = filled.post(f"{UNIT}/try", json={"program": "when nothing -> 1"})
    assert answer.status_code == 422
    assert "line 1, column 6" in answer.json()["detail"]


def test_more_programs_at_once_than_are_run_are_told_to_wait(
    filled: TestClient, filled_app: FastAPI
) -> None:
    places = filled_app.state.programs
    number = first(filled, "rules")
    body = {"program": "when always -> 1"}
    with places.taken(), places.taken():
        for answer in (
            filled.post(f"{UNIT}/try", json=body),
            filled.post(UNIT, json=body),
            filled.post(f"/api/v1/explanations/{number}/versions", json=body),
            filled.get(f"/api/v1/explanations/{number}/evidence"),
        ):
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
    for _ in range(3):
        evidence(filled, number)
        assert filled.post(f"{UNIT}/try", json={"program": "when"}).status_code == 422
        assert filled.post(f"{UNIT}/try", json=body).status_code == 200


def test_words_take_no_program_s_place(filled_app: FastAPI, filled: TestClient) -> None:
    places = filled_app.state.programs
    number = first(filled, "output")
    with places.taken(), places.taken():
        for answer in (
            filled.post(UNIT, json={}),
            filled.post(f"/api/v1/explanations/{number}/versions", json={"text": " "}),
        ):
            assert answer.status_code == 422  # it needs words or a program
        assert filled.get(f"/api/v1/explanations/{number}/evidence").status_code == 200


@pytest.mark.parametrize(
    "predicate",
    [
        "token[-1] matches /a+/",
        'not text ends "a"',
        'any token[-2..-1] near {"1", "2", "3", "4", "5", "6", "7", "8", "9"} first 9',
    ],
)
def test_a_program_that_would_take_long_is_not_run_here(filled: TestClient, predicate: str) -> None:
    program = f"when {predicate} -> 1\n" * (MOST_SEARCHES + 1)
    answer = filled.post(f"{UNIT}/try", json={"program": program})
    assert answer.status_code == 422
    assert f"has {MOST_SEARCHES + 1} tests" in answer.json()["detail"]
    assert "one set" in answer.json()["hint"]


def test_many_rules_that_look_tokens_up_are_run(filled: TestClient) -> None:
    program = 'when token in {"a"} and token starts "b" -> 1\n' * (MOST_SEARCHES + 1)
    assert filled.post(f"{UNIT}/try", json={"program": program}).status_code == 200
