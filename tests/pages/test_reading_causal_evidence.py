"""Somebody asks whether an explanation is true of what the unit does."""

import hashlib
import json
import re

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.rendering.badges import badges
from app.store.engine import begin
from app.store.synthetic import fill_synthetic
from app.store.synthetic.evidence import fill_evidence
from app.store.views.causal import BadgeView
from tests.pages.conftest import BROWSER, make_app

UNIT = "/api/v1/models/synthetic/sites/mlp.1/units/{}/explanations"


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    data = tmp_path_factory.mktemp("causal")
    app = make_app(data)
    (made,) = fill_synthetic(
        app.state.engine, data=data, layers=2, neurons=16, heads=2, windows=24, window_length=16,
        exemplars_per_kind=2,
    )  # fmt: skip
    fill_evidence(app.state.engine, made)
    with TestClient(app, headers=BROWSER) as client:
        yield client


def explanation(client, unit: int, method: str = "rules", site: str = "mlp.1") -> int:
    address = UNIT.format(unit).replace("mlp.1", site)
    return client.get(address, params={"method": method}).json()["items"][0]["id"]


def page_of(client, unit: int, method: str = "rules", site: str = "mlp.1") -> str:
    number = explanation(client, unit, method, site)
    answer = client.get(f"/m/synthetic/{site}/{unit}/explanations/{number}")
    assert answer.status_code == 200
    return answer.text


def causal(client, number: int) -> dict:
    answer = client.get(f"/api/v1/explanations/{number}/evidence/causal")
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(("unit", "standing"), [(3, "earned"), (4, "refuted"), (5, "undecided")])
def test_every_state_of_a_badge_is_its_own_and_leads_to_its_evidence(tested, unit, standing):
    for name, method in (("replaces", "rules"), ("controls", "output")):
        page = page_of(tested, unit, method)
        (badge,) = re.findall(rf'<a class="claim-badge is-(\w+)" href="#{name}"', page)
        assert badge == standing
        assert f'id="{name}"' in page
    assert 'id="predicts"' in page_of(tested, unit)


def test_rules_earn_nothing_by_what_the_units_weights_foretell(tested):
    page = page_of(tested, 3)
    assert 'href="#controls"' not in page
    assert "This explanation names no tokens itself" in page
    assert "This explanation names no tokens itself" not in page_of(tested, 3, "output")


def test_control_stands_beside_many_random_units_with_p(tested):
    said = re.sub("<[^>]+>", "", page_of(tested, 3, "output"))
    assert "20 random other units" in said
    assert "+0.68" in said
    scores = causal(tested, explanation(tested, 3, "output"))["scores"]
    assert {score["p"] for score in scores} == {1 / 21}


def test_numbers_stand_with_their_interval_their_baselines_and_their_run(tested):
    page = page_of(tested, 3)
    assert "0.62" in page
    assert "0.50 to 0.70" in page
    assert "+0.58" in page
    assert "mlp.1/12" in page  # whose explanation it is compared with
    assert re.search(r'<a href="/runs/\d+">run \d+</a>', page)
    said = re.sub("<[^>]+>", "", page)
    assert "12 test windows of 9 documents" in said


def test_what_is_undefined_says_why_and_is_no_zero(tested):
    page = page_of(tested, 4)
    assert "may cost no loss" in page


def test_a_prediction_is_shown_with_the_hash_and_time_that_it_had_before(tested):
    number = explanation(tested, 3)
    view = causal(tested, number)
    said = view["prediction"]
    assert hashlib.sha256(said["content"].encode()).hexdigest() == said["sha256"]
    assert said["hash_holds"] is True
    (measured,) = {s["measured_at"] for s in view["scores"] if s["score"].startswith("control")}
    assert said["created_at"] < measured
    assert [t["token"] for t in said["risers"]] == json.loads(said["content"])["risers"]
    page = page_of(tested, 3)
    assert said["sha256"] in page
    assert "w&lt;b&gt;" not in page
    assert "&lt;b&gt;" in page  # a token's text is never markup


def test_a_prediction_that_was_changed_afterwards_is_said_to_be(tested):
    number = explanation(tested, 6)
    with begin(tested.app.state.engine) as connection:
        connection.execute(
            text("UPDATE predictions SET content = replace(content, '6.0', '5.0') "
                 "WHERE explanation_id = :number"),
            {"number": number},
        )  # fmt: skip
    assert causal(tested, number)["prediction"]["hash_holds"] is False
    assert "not that of what is stored" in page_of(tested, 6)


def test_what_was_not_tested_has_no_badge_and_says_so(tested):
    page = page_of(tested, 12)
    assert "Not tested yet." in page
    assert 'href="#replaces"' not in page
    assert 'href="#controls"' not in page


def test_of_heads_the_length_alone_is_replaced_which_earns_no_badge(tested):
    page = page_of(tested, 0, site="attn.1")
    assert "The length alone is replaced" in page
    assert "0.62" in page
    assert "no direction of its own" in page
    assert 'href="#replaces"' not in page
    assert "The length alone is replaced" not in page_of(tested, 0)


def test_an_output_side_is_held_to_what_it_says_alone(tested):
    page = page_of(tested, 3, method="output")
    assert 'href="#controls"' in page
    assert 'href="#replaces"' not in page


def test_badges_stand_in_the_header_of_a_unit_and_in_tables(tested):
    number = explanation(tested, 5)
    unit = tested.get("/m/synthetic/mlp.1/5").text
    assert f"/explanations/{number}#replaces" in unit
    table = tested.get("/m/synthetic/mlp.1").text
    assert "claim-badge" in table


def test_the_model_says_how_many_random_units_earn_each_with_all_that_did_not(tested):
    page = re.sub("<[^>]+>", "", tested.get("/m/synthetic/scores").text)
    assert "What explanations survive" in page
    assert "8 of 16 (50" in page
    assert "validated" not in page
    view = tested.get("/api/v1/models/synthetic/evidence").json()
    for one in view["summaries"]:
        counts = (one["n_earned"], one["n_refuted"], one["n_undecided"], one["n_untested"])
        assert sum(counts) == one["n_units"]


def test_beside_what_is_earned_stands_how_much_luck_would_earn(tested):
    page = tested.get("/m/synthetic/scores").text
    told = re.sub("<[^>]+>", " ", page)
    assert re.search(r"8\s+of\s+16\s+\(\s*50\.0\s*%\s*\)\s+4\s+4\s+0\s+0\.8\s", told)
    assert re.search(r"4\s+of\s+16\s+\(\s*25\.0\s*%\s*\)\s+4\s+4\s+4\s+2\.0\s", told)


def test_a_whole_site_replaced_says_how_many_of_its_units_were(tested):
    page = re.sub("<[^>]+>", " ", tested.get("/m/synthetic/evidence").text)
    assert re.search(r"16\s+of\s+16", page)
    assert "0.62" in page
    assert "may cost no loss" in page


def test_all_of_a_sites_evidence_comes_in_pages(tested):
    address = "/api/v1/models/synthetic/sites/mlp.0/evidence"
    first = tested.get(address, params={"limit": 3}).json()
    rest = tested.get(address, params={"limit": 200, "cursor": first["next_cursor"]}).json()
    ids = [line["explanation_id"] for line in (*first["items"], *rest["items"])]
    assert len(first["items"]) == 3
    assert ids == sorted(set(ids))
    assert rest["next_cursor"] is None


def test_without_evidence_the_scores_page_says_how_to_get_it(pages):
    assert "patchclamp evidence --model synthetic" in pages.get("/m/synthetic/scores").text


def test_a_badge_says_its_state_in_words():
    found = badges([BadgeView(name="replaces", standing="undecided", reason="no interval <i>")])
    assert "undecided" in found
    assert "<i>" not in found
    assert badges([]) == ""
