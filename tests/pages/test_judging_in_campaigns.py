"""Somebody begins a campaign, and others judge in it, blind."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.rendering.markdown import READER, markdown
from app.store.engine import open_session
from app.store.judging import Rating, judge
from tests.pages.team import EVIL, add, app_of_ada, browser
from tests.pages.test_reading_a_circuit import words_of
from tests.store.audit_log import rows
from tests.store.handing import run_out

ALL = "/m/synthetic/campaigns"
HERE = f"{ALL}/c"
JUDGE = f"{HERE}/judge"
REST = "/api/v1/models/synthetic/campaigns"
FRAGMENT = {"hx-request": "true", "hx-target": "section#judging"}
FORM = {
    "title": "C", "slug": "c", "n": "6", "n_per_item": "2", "guidelines": "**First**.",
    "questions": ["specificity", "note"],
}  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    """With ada and bo, who annotate, and rita, who reviews."""
    app = app_of_ada(tmp_path)
    app.state.bo = add(app, "bo", role="annotator")
    app.state.rita = add(app, "rita", role="reviewer")
    with TestClient(app):
        yield app


@pytest.fixture
def rita(app: FastAPI) -> TestClient:
    return browser(app, app.state.rita)


@pytest.fixture
def ada(app: FastAPI, rita: TestClient) -> TestClient:
    """Who is asked."""
    assert rita.post(ALL, data=FORM).status_code == 303
    return browser(app, app.state.ada)


def item_of(page: str) -> str:
    """Where its answer goes."""
    found = re.search(rf'action="({JUDGE}/\d+)"', page)
    assert found is not None
    return found[1]


def held(client: TestClient) -> str:
    assert client.post(JUDGE).headers["location"] == JUDGE
    return item_of(client.get(JUDGE).text)


def test_a_reviewer_begins_one_and_it_is_told_how_it_was_chosen(rita: TestClient) -> None:
    answer = rita.post(ALL, data=FORM | {"seed": "7"})
    assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    page = words_of(rita.get(HERE).text)
    assert re.search(r"6 of \d+ units were drawn at random, not picked, by seed 7", page)
    assert "since all failed or were withdrawn, are not among the" in page
    assert "0 of 12 judgements" in page
    assert "specificity, note" in page
    assert "<strong>First</strong>" in rita.get(HERE).text
    assert 'href="/m/synthetic/campaigns"' in rita.get("/m/synthetic").text


def test_annotators_are_not_told_how_and_may_not_begin_one(
    ada: TestClient, rita: TestClient
) -> None:
    assert ada.post(ALL, data=FORM | {"slug": "d"}).status_code == 403
    assert ada.post(f"{HERE}/status", data={"status": "ended"}).status_code == 403
    page = ada.get(HERE).text
    assert "by a rule and a seed" in words_of(page)
    assert "SHA-256" not in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
    assert "Begin one" not in ada.get(ALL).text
    assert "Begin one" in rita.get(ALL).text


def test_what_is_wrong_with_a_plan_is_said_above_it_and_what_was_written_stays(
    rita: TestClient,
) -> None:
    for wrong, says in (
        ({"gold": "x"}, "A gold item cannot be read"),
        ({"r_min": "0.9", "r_max": "0.1"}, "r_min is above r_max"),
        ({"sites": "nowhere"}, "choice.sites.0"),
        ({"query": "zzzz"}, "No explanation passes these filters"),
        ({"slug": "a b"}, "cannot be called"),
        ({"title": " "}, "title"),
    ):
        answer = rita.post(ALL, data=FORM | {"author": "", "note": ""} | wrong)
        assert answer.status_code == 422, wrong
        assert says in words_of(answer.text)
        assert "**First**." in answer.text
    assert rita.post(ALL, data=FORM).status_code == 303
    again = rita.post(ALL, data=FORM)
    assert (again.status_code, "is called" in again.text) == (409, True)


def test_a_look_hands_out_nothing_and_asking_does(ada: TestClient) -> None:
    assert "Begin" in ada.get(JUDGE).text
    assert ada.get(f"{REST}/c/progress").json()["n_held"] == 0
    address = held(ada)
    assert ada.get(f"{REST}/c/progress").json()["n_held"] == 1
    assert held(ada) == address


def test_without_javascript_an_answer_leads_to_the_next_item(ada: TestClient) -> None:
    address = held(ada)
    form = {"verdict": "accept", "specificity": "4", "note": "Yes"}
    answer = ada.post(address, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, JUDGE)
    page = ada.get(JUDGE).text
    assert item_of(page) != address
    assert "1 judged by you" in words_of(page)


def test_with_it_the_next_item_comes_in_the_same_answer(ada: TestClient) -> None:
    address = held(ada)
    answer = ada.post(address, data={"verdict": "edit"}, headers=FRAGMENT)
    assert answer.text.strip().startswith('<section id="judging"')
    assert item_of(answer.text) != address
    skipped = ada.post(f"{item_of(answer.text)}/skip", data={"reason": "No"}, headers=FRAGMENT)
    assert "1 judged by you, 1 skipped" in words_of(skipped.text)


def test_a_skip_without_a_reason_is_refused(ada: TestClient) -> None:
    assert ada.post(f"{held(ada)}/skip", data={"reason": " "}).status_code == 422


def test_when_nothing_is_left_the_page_says_so(ada: TestClient) -> None:
    answer = ada.post(JUDGE, headers=FRAGMENT)
    for _ in range(6):
        answer = ada.post(item_of(answer.text), data={"verdict": "unsure"}, headers=FRAGMENT)
    assert "There is nothing left for you here" in answer.text
    assert "nothing left for you" in ada.post(JUDGE).text


def test_windows_by_firing_by_words_and_by_chance_and_a_box_to_try_texts_stand_beside_the_question(
    ada: TestClient,
) -> None:
    held(ada)
    page = ada.get(JUDGE).text
    for title in ("Top", "Its words occur", "It fires", "Random", "Nearly firing", "Try any text"):
        assert title in page
    assert page.count('class="exemplar"') >= 6
    assert "No model is loaded" in page


def test_the_threshold_is_told_and_windows_say_whether_it_fires_in_them(ada: TestClient) -> None:
    held(ada)
    page = ada.get(JUDGE).text
    number = item_of(page).rpartition("/")[2]
    windows = ada.get(f"{REST}/c/assignments/{number}/windows").json()
    half = windows["halves"][0]
    said = words_of(page)
    assert re.search(r"where its activation is (above|below) −?[\d.]+ ?, as at 1 %", said)
    assert f"In {half['fires']['n']} of {windows['n_windows']} windows" in said
    for one in half["fires"]["items"]:
        strip = page.partition(f'data-window="{one["window"]}"')[2].partition("</li>")[0]
        assert " fires" in strip.partition('class="source-of"')[0]
        assert re.search(r"fires at \d+ token", strip)


def test_nothing_on_the_page_tells_of_scores_authors_or_others(
    app: FastAPI, ada: TestClient
) -> None:
    """Nor does the REST interface, of what one holds: the words that explanations of all units of
    the store have in their views are looked for."""
    page = ada.post(JUDGE, headers=FRAGMENT).text
    number = item_of(page).rpartition("/")[2]
    here = f"{REST}/c"
    told = [ada.get(f"{here}/assignments/{number}").json(), ada.post(f"{here}/next").json()]
    item = told[0]
    assert told[1]["assignment"]["id"] == item["id"]
    unit = f"/api/v1/models/synthetic/sites/{item['site']}/units/{item['index']}"
    [explained] = [
        one
        for one in ada.get(f"{unit}/explanations").json()["items"]
        if one["text"] == item["text"]
    ]
    with open_session(app.state.engine, commit=True) as session:
        said = Rating("reject", note="sways you")
        judge(session, explanation_id=explained["id"], actor="bo", rating=said)
    said_of = page + ada.get(JUDGE).text + str(told)
    said_of += ada.get(f"{here}/assignments/{number}/windows").text
    said_of += ada.get(f"{here}/progress").text + ada.get(here).text
    assert explained["author"] not in said_of
    assert f"explanations/{explained['id']}" not in said_of
    for word in ("explanation_id", "headline", "score-bar", "expected", "sways you", '"method"'):
        assert word not in said_of, word
    assert "sways you" not in ada.get(f"/api/v1/explanations/{explained['id']}/judgements").text


def test_whoever_lost_their_place_is_told_and_what_they_wrote_is_there_again(
    app: FastAPI, rita: TestClient
) -> None:
    rita.post(ALL, data=FORM | {"n": "1", "n_per_item": "1"})
    ada, bo = browser(app, app.state.ada), browser(app, app.state.bo)
    address = held(ada)
    run_out(app.state.engine, "ada")
    theirs = held(bo)
    refused = ada.post(address, data={"verdict": "accept", "note": "Mine"}, headers=FRAGMENT)
    assert refused.status_code == 409
    assert "given to somebody else" in refused.text
    bo.post(f"{theirs}/skip", data={"reason": "Not mine"})
    assert held(ada) == address
    assert "Mine</textarea>" in ada.get(JUDGE).text
    assert "nothing left for you" in ada.post(address, data={"verdict": "accept"}).text


def test_a_pause_ends_handing_out_and_an_end_ends_all(ada: TestClient, rita: TestClient) -> None:
    address = held(ada)
    rita.post(f"{HERE}/status", data={"status": "paused"})
    assert item_of(ada.get(JUDGE).text) == address
    assert "paused" in ada.post(address, data={"verdict": "accept"}, headers=FRAGMENT).text
    rita.post(f"{HERE}/status", data={"status": "open"})
    address = held(ada)
    rita.post(f"{HERE}/status", data={"status": "ended"})
    assert ada.post(address, data={"verdict": "accept"}).status_code == 409
    assert "has ended" in ada.get(JUDGE).text
    assert "drawn at random, not picked, by seed" in words_of(ada.get(HERE).text)


def test_new_guidelines_are_told_to_whoever_is_judging(ada: TestClient, rita: TestClient) -> None:
    address = held(ada)
    rita.post(f"{HERE}/guidelines", data={"markdown": f"*Second* {EVIL}"})
    page = ada.get(JUDGE).text
    assert "New guidelines: version 2" in words_of(page)
    assert "<em>Second</em>" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    page = ada.post(address, data={"verdict": "accept", "guideline_version": "2"}, headers=FRAGMENT)
    assert "New guidelines" not in page.text
    assert "Version 1, rita" in words_of(ada.get(HERE).text)


def test_of_older_guidelines_those_are_rendered_that_are_asked_for(
    ada: TestClient, rita: TestClient
) -> None:
    """A long table takes seconds."""
    for n in range(2, 5):
        rita.post(f"{HERE}/guidelines", data={"markdown": f"*Of {n}*"})
    page = ada.get(HERE).text
    assert [f"<em>Of {n}</em>" in page for n in (2, 3, 4)] == [False, False, True]
    asked = f"{HERE}?guidelines=2"
    assert f'href="{asked}#version-2"' in page
    page = ada.get(asked).text
    assert [f"<em>Of {n}</em>" in page for n in (2, 3, 4)] == [True, False, True]


def test_the_same_guidelines_are_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    n = []
    render = READER.render
    monkeypatch.setattr(READER, "render", lambda text: n.append(text) or render(text))
    said = ["*Rendered once*", "*and this*", "*Rendered once*"]
    assert [markdown(text) for text in said][2] == "<p><em>Rendered once</em></p>\n"
    assert n == said[:2]


def test_links_in_guidelines_lead_nowhere_that_runs(ada: TestClient, rita: TestClient) -> None:
    links = "[a](javascript:alert(1)) ![b](https://elsewhere.example/b.png) [c](https://c.example)"
    rita.post(f"{HERE}/guidelines", data={"markdown": links})
    page = ada.get(HERE).text
    assert 'href="javascript:' not in page
    assert "<img" not in page
    assert '<a href="https://c.example">c</a>' in page


def test_gold_is_told_to_reviewers_alone(app: FastAPI, rita: TestClient) -> None:
    claims = rita.get("/api/v1/models/synthetic/sites/mlp.0/units/3/explanations?method=rules")
    number = claims.json()["items"][0]["id"]
    gold = f"https://a.example/m/synthetic/mlp.0/3/explanations/{number} reject"
    rita.post(ALL, data=FORM | {"n": "1", "units": "mlp.0/3", "gold": gold})
    ada = browser(app, app.state.ada)
    ada.post(held(ada), data={"verdict": "reject"})
    assert "1 of 1" in words_of(rita.get(HERE).text)
    assert "gold" not in ada.get(HERE).text.partition("<main")[2]
    assert ada.get(f"{REST}/c/progress").json()["annotators"][0]["n_gold"] is None
    assert rita.get(f"{REST}/c/progress").json()["annotators"][0]["n_gold_right"] == 1


def test_over_rest_the_same(ada: TestClient, rita: TestClient) -> None:
    here = f"{REST}/c"
    given = ada.post(f"{here}/next").json()
    assert (given["state"], given["own"]["n_wanted"]) == ("item", 12)
    number = given["assignment"]["id"]
    kept = ada.put(f"{here}/assignments/{number}/draft", json={"note": "So far", "seconds": 2.5})
    assert (kept.json()["state"], kept.json()["guideline_version"]) == ("leased", 1)
    assert ada.get(f"{here}/assignments/{number}").json()["draft"]["note"] == "So far"
    body = {"verdict": "accept", "specificity": 3, "seconds": 4.5, "guideline_version": 1}
    submitted = ada.post(f"{here}/assignments/{number}/submit", json=body).json()
    assert submitted["judgement"]["specificity"] == 3
    following = submitted["following"]["assignment"]["id"]
    assert following != number
    again = ada.post(f"{here}/assignments/{number}/submit", json=body).json()
    assert again["judgement"] == submitted["judgement"]
    assert again["following"]["assignment"]["id"] == following
    other = ada.post(f"{here}/assignments/{number}/submit", json={"verdict": "reject"})
    assert other.status_code == 409
    assert ada.get(f"{here}/assignments/{number}").status_code == 404
    skipped = ada.post(f"{here}/assignments/{following}/skip", json={"reason": "No"}).json()
    assert skipped["following"]["own"]["n_skipped"] == 1
    progress = rita.get(f"{here}/progress").json()
    assert (progress["n_judged"], progress["annotators"][0]["seconds"]) == (1, 4.5)
    assert [one["slug"] for one in ada.get(REST).json()["items"]] == ["c"]
    assert ada.post(f"{here}/pause").status_code == 403
    assert rita.post(f"{here}/pause").json()["status"] == "paused"
    assert rita.post(f"{here}/resume").json()["status"] == "open"
    written = rita.post(f"{here}/guidelines", json={"markdown": "Second"})
    assert (written.status_code, written.json()["guidelines"]["version"]) == (201, 2)
    assert [one["version"] for one in ada.get(f"{here}/guidelines").json()] == [2, 1]
    assert rita.post(f"{here}/end").json()["status"] == "ended"
    assert ada.post(f"{here}/next").json()["state"] == "ended"


def unit_of(client: TestClient, address: str) -> tuple[str, str]:
    """Of an item: its unit's page, and where REST tells of it."""
    item = client.get(f"{REST}/c/assignments/{address.rpartition('/')[2]}").json()
    here = f"{item['site']}/{item['index']}"
    rest = f"/api/v1/models/synthetic/sites/{item['site']}/units/{item['index']}"
    return f"/m/synthetic/{here}", rest


def peeks(client: TestClient) -> list[int | None]:
    """By annotator."""
    return [one["n_peeked"] for one in client.get(f"{REST}/c/progress").json()["annotators"]]


@pytest.mark.parametrize("way", ["page", "explanations", "rest", "claims", "scores", "explanation"])
def test_whoever_looks_at_scores_of_what_they_hold_is_marked(
    app: FastAPI, ada: TestClient, rita: TestClient, way: str
) -> None:
    address = held(ada)
    page, rest = unit_of(ada, address)
    number = rita.get(f"{rest}/explanations").json()["items"][0]["id"]
    paths = {
        "page": page, "explanations": f"{page}/explanations", "rest": rest,
        "claims": f"{rest}/explanations", "scores": f"/api/v1/explanations/{number}/scores",
        "explanation": f"{page}/explanations/{number}",
    }  # fmt: skip
    assert ada.get(paths[way]).status_code == 200
    row = rows(app.state.engine)[-1]
    assert (row["action"], row["actor"]) == ("campaign.peeked", "ada")
    ada.post(address, data={"verdict": "accept"})
    assert peeks(rita) == [1]
    assert peeks(ada) == [None]


def test_whoever_looks_elsewhere_or_afterwards_or_is_somebody_else_is_not(
    app: FastAPI, ada: TestClient, rita: TestClient
) -> None:
    address = held(ada)
    page, rest = unit_of(ada, address)
    browser(app, app.state.bo).get(page)
    other = "/m/synthetic/mlp.0/1" if not page.endswith("mlp.0/1") else "/m/synthetic/mlp.0/2"
    assert ada.get(other).status_code == 200
    ada.post(address, data={"verdict": "accept"})
    assert (ada.get(page).status_code, ada.get(rest).status_code) == (200, 200)
    assert peeks(rita) == [0]
