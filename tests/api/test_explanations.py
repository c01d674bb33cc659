"""Explanations over REST: read, written by hand, edited, withdrawn, with their scores."""

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.claiming import LONGEST_TEXT
from app.store.engine import open_session
from app.store.tables import TokenSpaceTable
from app.trials import claim
from app.trials.reading import LONGEST_PROGRAM
from tests.kept import synthetic_store
from tests.store.sweeps import sweep_again

UNIT = "/api/v1/models/synthetic/sites/mlp.0/units/9"
LIST = f"{UNIT}/explanations"
PROGRAM = 'when token in {" the", "."} -> 1'


@pytest.fixture
def own(tmp_path):
    """A client of a store that the test may change."""
    app = create_app(Settings(data=tmp_path, log_level="info"))
    synthetic_store(
        tmp_path, layers=1, neurons=12, heads=2, windows=60, window_length=32, exemplars_per_kind=2
    )
    with TestClient(app) as client:
        yield client


def test_a_unit_s_explanations_are_listed_with_r_and_baselines(filled):
    page = filled.get(LIST, params={"status": "current"}).json()
    rules = page["items"][0]
    assert (rules["method"], rules["status"], rules["latest"]) == ("rules", "current", True)
    headline = rules["headlines"][0]
    assert headline["split"] == "test"
    assert headline["low"] < headline["r"] < headline["high"]
    assert headline["baselines"].keys() == {"mean", "lookup", "shuffled", "lookup_cut"}


def test_one_explanation_has_program_provenance_scores_and_history(filled):
    number = filled.get(LIST, params={"method": "rules"}).json()["items"][0]["id"]
    view = filled.get(f"/api/v1/explanations/{number}").json()
    assert view["program"].startswith("sum\nwhen token in")
    assert view["details"]["calibration"] == {"candidates": 3, "r": 0.5}
    assert [line["id"] for line in view["history"]] == [number]
    scores = filled.get(f"/api/v1/explanations/{number}/scores").json()
    assert scores == view["scores"]
    assert {score["status"] for score in scores} == {"ok", "undefined", "not run"}
    assert {score["reason"] for score in scores if score["status"] == "undefined"} == {
        "the judge never says yes"
    }
    assert {score["protocol"] for score in scores} >= {"corpus", "top+random"}


def test_a_program_is_scored_at_once_on_test_and_held_out_text(own):
    made = own.post(LIST, json={"program": PROGRAM})
    assert made.status_code == 201
    view = made.json()
    assert made.headers["location"] == f"/api/v1/explanations/{view['id']}"
    assert (view["method"], view["author"]) == ("hand", "local owner")
    assert view["text"] == "Fires on “ the” and “.”."
    assert view["program"].startswith("sum\nwhen token in")
    assert view["bits"] > 0
    assert (view["n_rules"], view["n_listed"]) == (1, 2)
    assert {score["split"] for score in view["scores"]} == {"test", "ood:code"}
    (score,) = [s for s in view["scores"] if (s["split"], s["metric"]) == ("test", "corpus_r")]
    assert score["status"] == "ok"
    assert -1 <= score["value"] <= 1
    assert score["baselines"]["lookup"] is not None
    assert score["baselines"]["shuffled"] is not None
    assert score["n_windows"] == 8
    assert own.get(f"/api/v1/explanations/{view['id']}").json() == view


def test_without_a_calibration_split_fit_windows_stand_in_and_it_is_said(own):
    view = own.post(LIST, json={"program": PROGRAM}).json()
    assert view["details"] == {"chosen_on_fit_windows": 2, "words_of_program": True}
    tried = own.post(f"{LIST}/try", json={"program": PROGRAM}).json()
    assert tried["chosen_on_fit_windows"] == 2


def test_words_alone_have_no_scores(own):
    view = own.post(LIST, json={"text": "Second full moons."}).json()
    assert (view["program"], view["scores"], view["headlines"]) == (None, [], [])
    assert view["bits"] == pytest.approx(2.3 * 18, abs=12)


def test_a_program_with_a_mistake_says_where(own):
    answer = own.post(LIST, json={"program": "when tokn in {} -> 1"})
    assert answer.status_code == 422
    assert "line 1, column 6" in answer.json()["detail"]
    assert "found tokn" in answer.json()["detail"]
    assert "token" in answer.json()["hint"]


@pytest.mark.parametrize("body", [{}, {"text": " "}, {"text": 5}, {"words": "x"}, []])
def test_a_body_that_claims_nothing_is_refused(own, body):
    assert own.post(LIST, json=body).status_code == 422


def test_a_program_for_a_site_without_pools_is_kept_without_scores(own, tmp_path):
    for pool in (tmp_path / "artifacts").rglob("pool-mlp.0-*"):
        pool.unlink()
    made = own.post(LIST, json={"program": PROGRAM})
    assert made.status_code == 201
    assert made.json()["scores"] == []


def test_an_edit_is_a_new_version_and_the_old_one_can_be_read(own):
    first = own.post(LIST, json={"text": "Krakens."}).json()
    edited = own.post(
        f"/api/v1/explanations/{first['id']}/versions",
        json={"text": "Krakens and squids.", "program": PROGRAM},
    )
    assert edited.status_code == 201
    view = edited.json()
    assert (view["version"], view["origin_id"]) == (2, first["id"])
    assert [line["status"] for line in view["history"]] == ["current", "replaced"]
    old = own.get(f"/api/v1/explanations/{first['id']}").json()
    assert (old["status"], old["text"]) == ("replaced", "Krakens.")
    again = own.post(f"/api/v1/explanations/{first['id']}/versions", json={"text": "x"})
    assert again.status_code == 409


def test_scores_of_an_edit_are_stored_under_the_sweep_that_they_are_of(own):
    old = own.get(LIST, params={"method": "rules"}).json()["items"][0]
    first, second = sweep_again(own.app.state.engine)
    assert old["sweep_id"] == first
    address = f"/api/v1/explanations/{old['id']}/versions"
    view = own.post(address, json={"program": PROGRAM}).json()
    assert view["sweep_id"] == second
    assert {h["split"] for h in view["headlines"]} == {"test", "ood:code"}


def test_an_explanation_says_how_many_of_its_versions_were_scored_on_test(own):
    first = own.get(LIST, params={"method": "rules"}).json()["items"][0]["id"]
    assert counted(own, first) == (1, 0)
    second = edit(own, first, {"program": PROGRAM})
    third = edit(own, second, {"text": "Words alone have no score."})
    fourth = edit(own, third, {"program": 'when token in {"."} -> 1'})
    assert {counted(own, number) for number in (first, second, third, fourth)} == {(3, 0)}
    other = own.post(LIST, json={"program": PROGRAM}).json()["id"]
    assert counted(own, other) == (1, 2), "two that were written by hand, not the fitted rules"
    assert counted(own, fourth) == (3, 1)
    own.post(f"/api/v1/explanations/{other}/withdraw")
    assert counted(own, fourth) == (3, 1), "what is withdrawn was scored all the same"
    assert counted(own, own.post(LIST, json={"text": "Krakens."}).json()["id"]) == (0, 3), "words"


def counted(own, number):
    view = own.get(f"/api/v1/explanations/{number}").json()
    return view["n_versions_on_test"], view["n_others_on_test"]


def edit(own, number, body):
    """The number of the new version."""
    return own.post(f"/api/v1/explanations/{number}/versions", json=body).json()["id"]


def test_trying_is_not_counted_as_a_look_at_test(own):
    number = own.post(LIST, json={"program": PROGRAM}).json()["id"]
    for level in range(5):
        tried = own.post(f"{LIST}/try", json={"program": f"when always -> {level + 1}"})
        assert tried.status_code == 200
    assert counted(own, number) == (1, 0)


def test_an_edit_in_words_stays_with_the_sweep_of_what_it_replaces(own):
    old = own.get(LIST, params={"method": "rules"}).json()["items"][0]
    first, _ = sweep_again(own.app.state.engine)
    address = f"/api/v1/explanations/{old['id']}/versions"
    assert own.post(address, json={"text": "Krakens."}).json()["sweep_id"] == first


def test_a_program_that_can_be_read_but_not_be_run_here_is_refused_with_the_reason(own):
    with open_session(own.app.state.engine, commit=True) as session:
        session.execute(delete(TokenSpaceTable))
    program = {"program": 'when token near {" the"} first 3 -> 1'}
    for address in (LIST, f"{LIST}/try"):
        answer = own.post(address, json=program)
        assert answer.status_code == 422
        assert "tokens lie to each other" in answer.json()["detail"]


def test_what_is_withdrawn_leaves_the_search_with_its_reason(own):
    number = own.post(LIST, json={"text": "Krakens."}).json()["id"]
    assert own.get("/api/v1/search", params={"q": "kraken"}).json()["items"]
    withdrawn = own.post(
        f"/api/v1/explanations/{number}/withdraw", json={"reason": "None was seen."}
    )
    assert withdrawn.status_code == 200
    assert withdrawn.json()["status"] == "withdrawn"
    assert withdrawn.json()["details"]["withdrawn_because"] == "None was seen."
    assert own.get("/api/v1/search", params={"q": "kraken"}).json()["items"] == []
    assert own.post(f"/api/v1/explanations/{number}/withdraw").status_code == 409


@pytest.mark.parametrize("path", ["", "/scores"])
def test_an_explanation_that_is_not_there_is_a_404(filled, path):
    assert filled.get(f"/api/v1/explanations/999999{path}").status_code == 404


def test_the_distribution_of_scores_has_its_denominators(filled):
    views = filled.get(
        "/api/v1/models/synthetic/scores", params={"method": "rules", "split": "test"}
    ).json()
    assert [view["site"] for view in views] == ["attn.0", "mlp.0", "attn.1", "mlp.1"]
    for view in views:
        counted = view["n_scored"] + view["n_undefined"] + view["n_failed"]
        assert counted == view["n_units"] <= view["n_units_of_site"]


def test_english_that_is_too_long_to_be_kept_is_cut_and_says_so(own):
    nested = 'token in {" the"}'
    for joint in (*(" and ", " or ") * 3, " and "):
        nested = f"({joint.join([nested, f'not {nested}', nested])})"
    program = f"when {nested} -> 1"
    made = own.post(LIST, json={"program": program})
    assert made.status_code == 201, made.text
    text = made.json()["text"]
    assert LONGEST_TEXT - 400 < len(text) <= LONGEST_TEXT
    assert text.startswith("Fires ")
    assert text.endswith(
        "… (cut here, because it is too long to be kept; the program says the rest)"
    )


def test_a_program_is_held_to_the_length_in_which_it_is_kept(own):
    short = 'when token in {"\\t"} -> 1\n'.replace("\\t", "\t")
    source = short * (LONGEST_PROGRAM // len(short))
    assert len(source) <= LONGEST_PROGRAM
    answer = own.post(f"{LIST}/try", json={"program": source})
    assert answer.status_code == 422
    assert "has, as it would be kept," in answer.json()["detail"]


def edited(own, times):
    """The ids of a claim's versions, from the first on."""
    ids = [own.post(LIST, json={"text": "Version 1"}).json()["id"]]
    for number in range(2, times + 1):
        address = f"/api/v1/explanations/{ids[-1]}/versions"
        ids.append(own.post(address, json={"text": f"Version {number}"}).json()["id"])
    return ids


def test_versions_are_listed_in_pages_from_any_of_them(own, monkeypatch):
    monkeypatch.setattr(claim, "embed_claim", lambda _: None)
    ids = edited(own, 25)
    for start in (ids[0], ids[10], ids[-1]):
        found, cursor, n_pages = [], None, 0
        while n_pages == 0 or cursor is not None:
            parameters = {"limit": 10} | ({"cursor": cursor} if cursor else {})
            page = own.get(f"/api/v1/explanations/{start}/versions", params=parameters).json()
            found += page["items"]
            cursor, n_pages = page["next_cursor"], n_pages + 1
        assert n_pages == 3
        assert [line["id"] for line in found] == ids[::-1]
        assert [line["version"] for line in found] == [*range(25, 0, -1)]
    view = own.get(f"/api/v1/explanations/{ids[3]}").json()
    assert [line["id"] for line in view["history"]] == ids[:4:-1]
    rest = own.get(
        f"/api/v1/explanations/{ids[3]}/versions", params={"cursor": view["history_cursor"]}
    ).json()
    assert [line["id"] for line in rest["items"]] == ids[4::-1]
    assert rest["next_cursor"] is None


def test_a_claim_of_few_versions_has_no_older_ones(own):
    view = own.get(f"/api/v1/explanations/{edited(own, 2)[0]}").json()
    assert (len(view["history"]), view["history_cursor"]) == (2, None)


def test_versions_of_what_is_not_there_are_a_404_and_of_a_wrong_cursor_a_422(filled):
    assert filled.get("/api/v1/explanations/999999/versions").status_code == 404
    number = filled.get(LIST).json()["items"][0]["id"]
    wrong = filled.get(f"/api/v1/explanations/{number}/versions", params={"cursor": "abcd"})
    assert wrong.status_code == 422
