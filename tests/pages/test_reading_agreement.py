"""How far people agree, and whether scores say it beforehand: read by who may."""

from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.agreement.predicting import TITLES, Judged, predictor
from app.store.engine import open_session
from app.store.judging import Rating, judge
from tests.pages.team import add, browser, closed_app
from tests.pages.test_reading_a_circuit import words_of
from tests.store.campaigns import answer, campaign, end

PAGE = "/m/synthetic/agreement"
REST = "/api/v1/models/synthetic/agreement"


@pytest.fixture
def house(tmp_path: Path) -> FastAPI:
    """Two annotators judged eight explanations and two gold items in a campaign, and one
    explanation outside of it."""
    app = closed_app(tmp_path)
    for name in ("ada", "bo"):
        setattr(app.state, name, add(app, name, role="annotator"))
    app.state.rho = add(app, "rho", role="reviewer")
    engine = app.state.engine
    app.state.campaign = campaign(
        engine, model="synthetic", items=range(1, 11), expected={9: "accept", 10: "reject"}
    )
    for number in range(1, 11):
        said = "accept" if number % 2 else "reject"
        answer(engine, app.state.campaign, "ada", number, said, seconds=number, specificity=3)
        other = "edit" if number in (2, 10) else said
        answer(engine, app.state.campaign, "bo", number, other, seconds=20, specificity=4)
    with open_session(engine, commit=True) as session:
        for actor in ("ada", "bo"):
            judge(session, explanation_id=12, actor=actor, rating=Rating("accept"))
    return app


def test_alphas_kappas_and_people_are_told_with_their_numbers(house: FastAPI) -> None:
    rho = browser(house, house.state.rho)
    told = rho.get(REST, params={"campaign": "first"}).json()
    alphas = {one["question"]: one for one in told["alphas"]}
    # o: 4 pairs accept, 3 reject, 1 reject/edit; of 16 values 8 accept, 7 reject, 1 edit
    assert alphas["verdict"]["value"] == pytest.approx(1 - 15 * 2 / (256 - 64 - 49 - 1))
    assert (alphas["verdict"]["n_explanations"], alphas["verdict"]["n_judgements"]) == (8, 16)
    assert alphas["verdict"]["low"] < alphas["verdict"]["value"] <= alphas["verdict"]["high"]
    assert alphas["specificity"]["value"] == pytest.approx(1 - 15 * 16 / (2 * 64))
    (pair,) = told["kappas"]
    assert (pair["first"], pair["second"], pair["agreed"]) == ("ada", "bo", 7 / 8)
    ada, bo = told["annotators"]
    assert (ada["with_others"]["n_right"], ada["with_others"]["n"]) == (7, 8)
    assert (ada["gold"]["value"], bo["gold"]["value"]) == (1.0, 0.5)
    assert (ada["seconds_low"], ada["seconds_median"], ada["seconds_high"]) == (2.75, 4.5, 6.25)
    assert (told["n_judgements"], told["n_gold"], told["n_units"]) == (16, 4, told["n_units"])
    said = words_of(rho.get(PAGE, params={"campaign": "first"}).text)
    assert "4 judgements of gold items are left out of all numbers here" in said
    assert "ada and bo" in said
    assert "16 judgements of 8 explanations by 2 people" in said


def test_while_a_campaign_is_under_way_annotators_see_nothing_of_it(house: FastAPI) -> None:
    ada = browser(house, house.state.ada)
    for path in (PAGE, REST, "/api/v1/models/synthetic/acceptance"):
        assert ada.get(path, params={"campaign": "first"}).status_code == 403
    told = ada.get(REST).json()
    assert (told["n_explanations"], told["n_judgements"]) == (1, 2)
    assert ": a campaign is still about" in words_of(ada.get(PAGE).text)
    assert ada.get("/api/v1/models/synthetic/acceptance").json()["n_explanations"] == 1


def test_what_was_said_again_outside_of_it_stays_hidden_too(house: FastAPI) -> None:
    with open_session(house.state.engine, commit=True) as session:
        judge(session, explanation_id=3, actor="bo", rating=Rating("reject"))
    assert browser(house, house.state.ada).get(REST).json()["n_explanations"] == 1
    assert browser(house, house.state.rho).get(REST).json()["n_explanations"] == 9


def test_once_it_has_ended_they_see_it_but_not_which_were_gold(house: FastAPI) -> None:
    end(house.state.engine, house.state.campaign)
    ada = browser(house, house.state.ada)
    told = ada.get(REST, params={"campaign": "first"}).json()
    assert told["n_judgements"] == 16
    assert {one["gold"] for one in told["annotators"]} == {None}
    page = ada.get(PAGE, params={"campaign": "first"}).text
    assert "right on gold items" not in page
    assert "Settle disagreements" not in page


def test_whoever_runs_a_campaign_sees_it(tmp_path: Path) -> None:
    app = closed_app(tmp_path)
    account = add(app, "rho", role="annotator")
    campaign(app.state.engine, model="synthetic", actor="rho")
    seen = browser(app, account).get(REST, params={"campaign": "first"})
    assert seen.status_code == 200


def test_verdicts_stand_beside_scores_and_what_knows_nothing(house: FastAPI) -> None:
    told = browser(house, house.state.rho).get("/api/v1/models/synthetic/acceptance").json()
    assert (told["n_accepted"], told["n_edit"], told["n_rejected"]) == (10, 1, 7)
    by_name = {one["name"]: one for one in told["predictors"]}
    assert {"corpus_r", "detection", "auroc", "lookup", "length", "author", "random"} <= set(
        by_name
    )
    assert by_name["length"]["n_explanations"] == 9
    assert by_name["length"]["is_baseline"]
    page = browser(house, house.state.rho).get(PAGE).text
    assert '<svg class="predictors"' in page
    assert "What it does not show" in page


def test_of_a_model_that_nobody_judged_it_says_so(own_pages: TestClient) -> None:
    assert "Nobody has judged an explanation yet" in words_of(own_pages.get(PAGE).text)
    told = own_pages.get(REST).json()
    assert {one["value"] for one in told["alphas"]} == {None}
    assert own_pages.get("/m/none/agreement").status_code == 404
    assert own_pages.get(PAGE, params={"campaign": "none"}).status_code == 404


def test_the_address_of_a_campaigns_agreement_leads_to_it(own_pages: TestClient) -> None:
    answered = own_pages.get("/m/synthetic/campaigns/first/agreement", follow_redirects=False)
    assert answered.headers["location"] == f"{PAGE}?campaign=first"


def test_a_campaigns_page_leads_there_whom_it_sways_no_more(house: FastAPI) -> None:
    page = "/m/synthetic/campaigns/first"
    rho, ada = browser(house, house.state.rho), browser(house, house.state.ada)
    assert f'href="{PAGE}?campaign=first"' in rho.get(page).text
    assert "disagreements?campaign=first" in rho.get(page).text
    assert f'href="{PAGE}?campaign=first"' not in ada.get(page).text
    end(house.state.engine, house.state.campaign)
    assert f'href="{PAGE}?campaign=first"' in ada.get(page).text
    assert "disagreements?campaign=first" not in ada.get(page).text


def test_gold_items_count_in_gold_accuracy_alone(tmp_path: Path) -> None:
    """On gold all are right and alike; on the one other item they differ."""
    app = closed_app(tmp_path)
    rho = browser(app, add(app, "rho", role="reviewer"))
    known = dict.fromkeys(range(1, 9), "accept")
    number = campaign(app.state.engine, model="synthetic", items=range(1, 10), expected=known)
    for actor in ("ada", "bo", "cy"):
        for item in known if actor != "cy" else (1,):
            answer(app.state.engine, number, actor, item, "accept")
    answer(app.state.engine, number, "ada", 9, "accept", specificity=1)
    answer(app.state.engine, number, "bo", 9, "reject", specificity=5)
    asked = {"campaign": "first"}
    told = rho.get(REST, params=asked).json()
    assert (told["n_explanations"], told["n_judgements"], told["n_gold"]) == (1, 2, 17)
    verdict = next(one for one in told["alphas"] if one["question"] == "verdict")
    assert (verdict["value"], verdict["n_judgements"]) == (0.0, 2)
    (pair,) = told["kappas"]
    assert (pair["agreed"], pair["n_explanations"]) == (0.0, 1)
    by_name = {one["actor"]: one for one in told["annotators"]}
    assert (by_name["ada"]["n"], by_name["ada"]["with_others"]["n"]) == (1, 1)
    assert (by_name["ada"]["gold"]["n"], by_name["cy"]["gold"]["n_right"]) == (8, 1)
    against = rho.get("/api/v1/models/synthetic/acceptance", params=asked).json()
    assert (against["n_accepted"], against["n_rejected"], against["n_gold"]) == (1, 1, 17)


def test_what_was_judged_after_a_look_at_the_scores_is_not_held_against_them(
    tmp_path: Path,
) -> None:
    app = closed_app(tmp_path)
    rho = browser(app, add(app, "rho", role="reviewer"))
    number = campaign(app.state.engine, model="synthetic", items=(1, 2))
    answer(app.state.engine, number, "ada", 1, "accept")
    answer(app.state.engine, number, "ada", 2, "reject", peeked=True)
    asked = {"campaign": "first"}
    told = rho.get("/api/v1/models/synthetic/acceptance", params=asked).json()
    assert (told["n_accepted"], told["n_rejected"], told["n_peeked"]) == (1, 0, 1)
    assert rho.get(REST, params=asked).json()["n_judgements"] == 2
    assert "by somebody who had opened" in words_of(rho.get(PAGE, params=asked).text)


def test_of_a_model_it_is_said_how_many_judgements_were_blind(house: FastAPI) -> None:
    rho = browser(house, house.state.rho)
    told = rho.get(REST).json()
    assert (told["n_judgements"], told["n_blind"], told["n_imported"]) == (18, 16, 0)
    said = words_of(rho.get(PAGE).text)
    assert "16 were given blind, in campaigns; 0 come from elsewhere; 2 were given here" in said


def test_a_filter_by_score_is_said_beside_verdicts_against_scores(tmp_path: Path) -> None:
    app = closed_app(tmp_path)
    rho = browser(app, add(app, "rho", role="reviewer"))
    number = campaign(app.state.engine, model="synthetic", items=(1,), choice={"r_min": 0.25})
    answer(app.state.engine, number, "ada", 1, "accept")
    said = words_of(rho.get(PAGE, params={"campaign": "first"}).text)
    assert "drew only explanations with a simulation r of 0.25 or more" in said


def test_of_few_rejections_it_is_said_how_few(house: FastAPI) -> None:
    """Seven of each verdict at most, of fewer units: a number without an interval says so."""
    page = words_of(browser(house, house.state.rho).get(PAGE, params={"campaign": "first"}).text)
    assert "too few: 8 accept, 7 reject" in page


def test_scores_are_held_against_the_best_baseline_on_the_same_explanations() -> None:
    judged = Judged(
        ids=[1, 2, 3, 4], units=np.arange(4), accepted=np.array([1, 1, 0, 0]),
        edit=np.zeros(4, int), rejected=np.array([0, 0, 1, 1]), unsure=np.zeros(4, int),
        specificity=np.full(4, np.nan), sensitivity=np.full(4, np.nan),
    )  # fmt: skip
    numbers = {name: np.zeros(4) for name in TITLES} | {
        "corpus_r": np.array([4.0, 3, 2, 1]),
        "length": np.array([4.0, 2, 3, 1]),
        "random": np.array([4.0, 3, 2, 1]),  # chance is no rival
        "author": np.array([np.nan, np.nan, np.nan, 1]),
    }
    told = predictor("corpus_r", numbers, judged)
    assert (told.best_baseline, told.advantage, told.n_advantage) == (TITLES["length"], 0.25, 4)
    assert (told.n_accepted, told.n_rejected, told.low) == (2, 2, None)
    assert predictor("length", numbers, judged).best_baseline is None
