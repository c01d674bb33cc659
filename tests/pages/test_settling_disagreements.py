"""A reviewer goes through what people disagree on, and settles it."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.judging import Rating, judge
from app.store.queries.decision import decision_counting
from app.store.queries.explanation import get_explanation
from tests.pages.team import add, browser, closed_app
from tests.pages.test_reading_a_circuit import words_of
from tests.pages.writing import save
from tests.store.campaigns import answer, campaign, end

LIST = "/m/synthetic/disagreements"


def say(app: FastAPI, number: int, **by: Rating) -> None:
    with open_session(app.state.engine, commit=True) as session:
        for actor, rating in by.items():
            judge(session, explanation_id=number, actor=actor, rating=rating)


@pytest.fixture
def disputed(own_pages: TestClient) -> list[int]:
    """Two explanations: the second is the one people differ on most."""
    numbers = [int(save(own_pages, text=text).rpartition("/")[2]) for text in ("Articles", "Ships")]
    app = own_pages.app
    say(app, numbers[0], ada=Rating("accept"), bo=Rating("edit", note="<b>Only some</b>"))  # type: ignore[arg-type]
    say(app, numbers[1], ada=Rating("accept", 5, tags=("a<b",)), bo=Rating("reject", 1))  # type: ignore[arg-type]
    return numbers


def test_the_list_has_those_first_who_disagree_most(
    own_pages: TestClient, disputed: list[int]
) -> None:
    page = own_pages.get(LIST).text
    found = [int(n) for n in re.findall(rf'<th[^>]*><a href="{LIST}/(\d+)', page)]
    assert found == disputed[::-1]
    assert "1 accept · 1 reject" in words_of(page)
    only = own_pages.get(LIST, params={"about": "steps"}).text
    assert (f"{LIST}/{disputed[1]}?" in only, f"{LIST}/{disputed[0]}?" in only) == (True, False)


def test_what_people_say_stands_side_by_side_with_the_evidence(
    own_pages: TestClient, disputed: list[int]
) -> None:
    page = own_pages.get(f"{LIST}/{disputed[1]}").text
    said = words_of(page)
    assert "verdict accept reject specificity 5 on nothing else that is shown 1" in said
    assert "a&lt;b" in page
    assert "Random not picked" in said
    assert "Its words occur drawn at random" in said
    assert 'class="strip' in page
    assert "1 of 2" in said


def test_a_decision_leads_on_to_the_next_and_is_shown_on_the_explanations_page(
    own_pages: TestClient, disputed: list[int]
) -> None:
    form = {"verdict": "reject", "reason": "Silent <b>on ships</b>.", "seen": ""}
    done = own_pages.post(f"{LIST}/{disputed[1]}", data=form, follow_redirects=False)
    assert done.headers["location"] == f"{LIST}/{disputed[0]}?decided={disputed[1]}"
    assert f"Explanation {disputed[1]} is settled." in words_of(
        own_pages.get(done.headers["location"]).text
    )
    shown = own_pages.get(f"/m/synthetic/mlp.0/5/explanations/{disputed[1]}").text
    assert "How it was settled" in shown
    assert "Silent &lt;b&gt;on ships&lt;/b&gt;." in shown
    last = own_pages.post(f"{LIST}/{disputed[0]}", data=form, follow_redirects=False)
    assert last.headers["location"] == f"{LIST}?decided={disputed[0]}"
    assert "Nothing is left to be settled here." in own_pages.get(LIST).text


def test_who_comes_second_keeps_what_they_typed_and_sees_who_decided(
    own_pages: TestClient, disputed: list[int]
) -> None:
    here = f"{LIST}/{disputed[1]}"
    own_pages.post(here, data={"verdict": "accept", "reason": "First."})
    late = own_pages.post(here, data={"verdict": "reject", "reason": "My & reason", "seen": ""})
    assert late.status_code == 409
    said = words_of(late.text)
    assert "local owner has decided meanwhile: accept, because “First.”" in said
    assert "My &amp; reason</textarea>" in late.text
    assert re.search(r'value="reject"[^>]*checked', late.text)
    seen = re.search(r'name="seen" value="(\d+)"', late.text)
    assert seen is not None
    again = {"verdict": "reject", "reason": "My & reason", "seen": seen[1]}
    assert own_pages.post(here, data=again, follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "form", [{"reason": "Why."}, {"verdict": "accept", "reason": " "}, {"verdict": "maybe"}]
)
def test_what_is_no_decision_is_refused(
    own_pages: TestClient, disputed: list[int], form: dict[str, str]
) -> None:
    assert own_pages.post(f"{LIST}/{disputed[0]}", data=form).status_code == 422


def test_what_they_say_is_merged_into_a_new_version(
    own_pages: TestClient, disputed: list[int]
) -> None:
    form = {"reason": "Both are right.", "merge": "1", "text": "Articles and ships."}
    own_pages.post(f"{LIST}/{disputed[1]}", data=form)
    with open_session(own_pages.app.state.engine) as session:  # type: ignore[attr-defined]
        decided = decision_counting(session, explanation_id=disputed[1])
        assert decided is not None
        assert (decided.verdict, decided.reason) == ("edit", "Both are right.")
        assert decided.merged_id is not None
        new = get_explanation(session, explanation_id=decided.merged_id)
    assert (new.text, new.version) == ("Articles and ships.", 2)
    old = own_pages.get(f"/m/synthetic/mlp.0/5/explanations/{disputed[1]}").text
    assert f"explanation {new.id}</a>" in old


def test_a_program_that_cannot_be_read_leaves_all_that_was_typed(
    own_pages: TestClient, disputed: list[int]
) -> None:
    form = {"reason": "Both.", "merge": "1", "program": "when nonsense"}
    refused = own_pages.post(f"{LIST}/{disputed[1]}", data=form)
    assert refused.status_code == 422
    assert "when nonsense</textarea>" in refused.text
    assert "Both.</textarea>" in refused.text


@pytest.fixture
def house(tmp_path: Path) -> FastAPI:
    app = closed_app(tmp_path)
    for name in ("ada", "bo"):
        setattr(app.state, name, add(app, name, role="annotator"))
    app.state.rho = add(app, "rho", role="reviewer")
    return app


def test_whoever_judged_it_is_told_so(house: FastAPI) -> None:
    say(house, 1, rho=Rating("accept"), ada=Rating("reject"))
    mine = browser(house, house.state.rho).get(f"{LIST}/1").text
    assert "You judged it yourself" in mine


def test_annotators_are_not_let_in(house: FastAPI) -> None:
    say(house, 1, ada=Rating("accept"), bo=Rating("reject"))
    ada = browser(house, house.state.ada)
    assert ada.get(LIST).status_code == 403
    assert ada.get(f"{LIST}/1").status_code == 403
    assert ada.post(f"{LIST}/1", data={"verdict": "accept", "reason": "x"}).status_code == 403


def test_what_was_decided_is_hidden_from_whoever_is_yet_to_judge(house: FastAPI) -> None:
    say(house, 1, bo=Rating("reject"), rho=Rating("accept"))
    rho, ada = browser(house, house.state.rho), browser(house, house.state.ada)
    rho.post(f"{LIST}/1", data={"verdict": "accept", "reason": "It is so."})
    own = "/api/v1/explanations/1"
    view = rho.get(own).json()
    page = f"/m/synthetic/{view['site']}/{view['index']}/explanations/1"
    assert "It is so." not in ada.get(page).text
    assert ada.get(f"{own}/decisions").json() == {"decisions": None}
    say(house, 1, ada=Rating("edit"))
    assert "It is so." in ada.get(page).text
    assert [one["verdict"] for one in ada.get(f"{own}/decisions").json()["decisions"]] == ["accept"]


def test_while_a_campaign_is_about_it_only_reviewers_read_what_was_decided(house: FastAPI) -> None:
    number = campaign(house.state.engine, model="synthetic", items=(1,))
    for actor, verdict in (("ada", "accept"), ("bo", "reject")):
        answer(house.state.engine, number, actor, 1, verdict)
    rho, ada = browser(house, house.state.rho), browser(house, house.state.ada)
    here = {"campaign": "first"}
    assert "1 accept · 1 reject" in words_of(rho.get(LIST, params=here).text)
    rho.post(f"{LIST}/1", params=here, data={"verdict": "accept", "reason": "It is so."})
    assert ada.get("/api/v1/explanations/1/decisions").json()["decisions"] is None
    end(house.state.engine, number)
    (one,) = ada.get("/api/v1/explanations/1/decisions").json()["decisions"]
    assert (one["campaign"], one["reason"]) == ("first", "It is so.")


def test_the_address_of_a_campaigns_disagreements_leads_to_them(own_pages: TestClient) -> None:
    answered = own_pages.get("/m/synthetic/campaigns/first/disagreements", follow_redirects=False)
    assert answered.headers["location"] == f"{LIST}?campaign=first"


def test_over_rest_the_same(own_pages: TestClient, disputed: list[int]) -> None:
    here = "/api/v1/models/synthetic/disagreements"
    items = own_pages.get(here).json()["items"]
    assert [one["explanation_id"] for one in items] == disputed[::-1]
    assert own_pages.get(here, params={"state": "settled"}).json()["items"] == []
    told = own_pages.get(f"{here}/{disputed[0]}").json()
    assert [one["actor"] for one in told["judgements"]] == ["ada", "bo"]
    path = f"/api/v1/explanations/{disputed[0]}/decisions"
    made = own_pages.post(path, json={"verdict": "accept", "reason": "So."})
    assert (made.status_code, made.json()["actor"]) == (201, "local owner")
    late = own_pages.post(path, json={"verdict": "reject", "reason": "No."})
    assert late.status_code == 409
    assert "local owner has decided meanwhile: accept" in late.json()["detail"]
    merged = {"text": "Articles, at the beginning."}
    body = {"verdict": "edit", "reason": "Both.", "seen": made.json()["id"], "merged": merged}
    after = own_pages.post(path, json=body).json()
    assert after["merged_id"] is not None
    assert len(own_pages.get(path).json()["decisions"]) == 2
    assert own_pages.post(path, json={"verdict": "accept"}).status_code == 422


def test_scores_are_folded_away_until_it_is_decided(own_pages: TestClient) -> None:
    view = own_pages.get("/api/v1/explanations/1").json()
    assert view["headlines"]
    app: FastAPI = own_pages.app  # type: ignore[assignment]
    say(app, 1, ada=Rating("accept"), bo=Rating("reject"))
    before = own_pages.get(f"{LIST}/1").text
    folded = re.search(r"<details[^>]*><summary>What scores say.*?</details>", before, re.S)
    assert folded is not None
    assert "survived" in folded[0]
    assert "survived" not in before.replace(folded[0], "")
    own_pages.post(f"{LIST}/1", data={"verdict": "accept", "reason": "So."})
    after = own_pages.get(f"{LIST}/1").text
    assert "What scores say" not in after
    assert "survived" in after


def test_what_another_campaign_decided_is_still_open_in_this_one(own_pages: TestClient) -> None:
    app: FastAPI = own_pages.app  # type: ignore[assignment]
    for slug in ("first", "second"):
        number = campaign(app.state.engine, slug, model="synthetic", items=(1,))
        for actor, verdict in (("ada", "accept"), ("bo", "reject")):
            answer(app.state.engine, number, f"{actor} {slug}", 1, verdict)
    form = {"verdict": "accept", "reason": "So.", "seen": ""}
    first, second = ({"campaign": slug} for slug in ("first", "second"))
    assert own_pages.post(f"{LIST}/1", params=first, data=form).status_code == 200
    assert f"{LIST}/1?" not in own_pages.get(LIST, params=first).text
    assert f"{LIST}/1?" in own_pages.get(LIST, params=second).text
    form["verdict"] = "reject"
    own_pages.post(f"{LIST}/1", params=second, data=form)
    for asked, verdict in ((first, "accept"), (second, "reject")):
        here = "/api/v1/models/synthetic/disagreements/1"
        assert own_pages.get(here, params=asked).json()["decision"]["verdict"] == verdict


def test_what_was_not_asked_is_not_shown_as_no(own_pages: TestClient) -> None:
    app: FastAPI = own_pages.app  # type: ignore[assignment]
    number = campaign(app.state.engine, model="synthetic", items=(1,), questions=[])
    for actor, verdict in (("ada", "accept"), ("bo", "reject")):
        answer(app.state.engine, number, actor, 1, verdict)
    page = words_of(own_pages.get(f"{LIST}/1", params={"campaign": "first"}).text)
    assert "several meanings not asked not asked" in page
