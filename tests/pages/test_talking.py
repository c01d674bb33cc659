"""People talk, vote, mark, and are told of it, page by page."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.store.accounts.logins import begin_login
from app.store.accounts.members import set_role
from app.store.accounts.people import create_account
from app.store.engine import open_session
from app.store.views.account import Role
from tests.pages.team import ADDRESS, COOKIE, DAY, PAGE, closed_app
from tests.pages.test_reading_a_circuit import words_of

UNIT = "/m/synthetic/mlp.0/3"
FRAGMENT = {"hx-request": "true", "hx-target": "div#talk-unit"}


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return closed_app(tmp_path)


def person(app: FastAPI, name: str, role: Role | None = "annotator") -> TestClient:
    """Somebody with a role with the model, in a browser."""
    with open_session(app.state.engine, commit=True) as session:
        account_id = create_account(session, name=name)
        if role is not None:
            set_role(session, name=name, model="synthetic", role=role)
        secret = begin_login(session, account_id=account_id, device="", lasts=DAY)
    client = TestClient(app, base_url=ADDRESS, headers=PAGE, follow_redirects=False)
    client.cookies.set(COOKIE, secret)
    return client


def say(client: TestClient, text: str, **form: object):
    return client.post(f"{UNIT}/comments", data={"text": text, **form})


def explained(client: TestClient) -> str:
    body = client.post("/api/v1/models/synthetic/sites/mlp.0/units/3/explanations",
                       json={"text": "Cats"}).json()  # fmt: skip
    return f"{UNIT}/explanations/{body['id']}"


def test_a_comment_leads_back_to_where_it_stands(app: FastAPI) -> None:
    ada = person(app, "ada")
    answer = say(ada, "One <b>\ntwo & mlp.0/5 https://example.org/?a=1&b=2.")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{UNIT}#comment-1")
    page = ada.get(UNIT).text
    assert "One &lt;b&gt;<br>" in page
    assert '<a href="/m/synthetic/mlp.0/5"><code>mlp.0/5</code></a>' in page
    assert '<a href="https://example.org/?a=1&amp;b=2" rel="nofollow noopener' in page
    assert ada.get("/comments/1").headers["location"] == f"{UNIT}#comment-1"


def test_only_the_threads_come_to_whoever_shows_the_page(app: FastAPI) -> None:
    ada = person(app, "ada")
    answer = ada.post(f"{UNIT}/comments", data={"text": "One"}, headers=FRAGMENT)
    assert answer.text.strip().startswith('<div id="talk-unit"')
    assert "<html" not in answer.text
    assert ada.get(f"{UNIT}/comments", headers=FRAGMENT).text == answer.text


def test_an_old_thread_has_an_address_too(app: FastAPI) -> None:
    ada = person(app, "ada")
    for n in range(31):
        say(ada, f"Thread {n}")
    assert "Thread 0<" not in ada.get(UNIT).text
    address = ada.get("/comments/1").headers["location"]
    assert address.endswith("#comment-1")
    assert "Thread 0<" in ada.get(address).text


def test_whoever_may_only_read_is_offered_no_form(app: FastAPI) -> None:
    ada, vi = person(app, "ada"), person(app, "vi", "viewer")
    say(ada, "One")
    page = vi.get(UNIT).text
    talk = page[page.index('id="discussion-unit"') :]
    assert "One" in talk
    assert "<form" not in talk[: talk.index("</section>")]
    assert say(vi, "Two").status_code == 403
    assert "You may read here, and not write." in talk


def test_an_annotator_changes_their_own_comment_and_a_reviewer_withdraws_any(app: FastAPI) -> None:
    ada, bo, rho = person(app, "ada"), person(app, "bo"), person(app, "rho", "reviewer")
    say(ada, "First words")
    assert bo.post("/comments/1/edit", data={"text": "x"}).status_code == 403
    assert bo.post("/comments/1/withdraw").status_code == 403
    assert ada.post("/comments/1/edit", data={"text": "Other words"}).status_code == 303
    assert "edited" in words_of(bo.get(UNIT).text)
    assert rho.post("/comments/1/withdraw").status_code == 303
    page = bo.get(UNIT).text
    assert "Withdrawn by rho" in page
    assert "Other words" not in page


def test_nobody_learns_of_comments_of_a_model_that_they_do_not_see(app: FastAPI) -> None:
    ada, eve = person(app, "ada"), person(app, "eve", None)
    say(ada, "@eve Secret")
    for path in ("/comments/1", "/comments/99", f"{UNIT}/comments", "/m/synthetic/activity"):
        assert eve.get(path).status_code == 404
    for path in ("edit", "withdraw"):
        told = [eve.post(f"/comments/{n}/{path}", data={"text": "x"}) for n in (1, 99)]
        assert [one.status_code for one in told] == [404, 404]
    assert "Secret" not in eve.get("/inbox").text
    assert "@eve" in ada.get(UNIT).text
    assert '<span class="mention">' not in ada.get(UNIT).text


def test_whom_a_comment_names_finds_it_in_their_inbox(app: FastAPI) -> None:
    ada, bo = person(app, "ada"), person(app, "bo")
    say(ada, "@bo look")
    assert '<span class="mention">@bo</span>' in ada.get(UNIT).text
    assert "1" in words_of(bo.get("/inbox/count").text)
    page = words_of(bo.get("/inbox").text)
    assert "ada named you" in page
    assert "@bo look" in page
    assert bo.post("/inbox/read").headers["location"] == "/inbox"
    assert "unread" not in words_of(bo.get("/inbox/count").text)
    assert "Nothing unread." in bo.get("/inbox?unread=true").text
    assert "Nothing yet." in ada.get("/inbox").text


def test_a_vote_is_counted_with_who_gave_it(app: FastAPI) -> None:
    ada, vi = person(app, "ada"), person(app, "vi", "viewer")
    address = explained(ada)
    assert ada.post(f"{address}/vote", data={"value": "1"}).headers["location"] == address
    found = re.search(r'<div id="votes".*?</div>', vi.get(address).text, re.DOTALL)
    assert found is not None
    assert "▲ 1" in words_of(found[0])
    assert 'title="ada"' in found[0]
    assert "<form" not in found[0]
    assert vi.post(f"{address}/vote", data={"value": "1"}).status_code == 403
    fragment = {"hx-request": "true", "hx-target": "div#votes"}
    taken = ada.post(f"{address}/vote", data={"value": "0"}, headers=fragment).text
    assert taken.strip().startswith('<div id="votes"')
    assert "▲ 0" in words_of(taken)
    assert ada.post(f"{address}/vote", data={"value": "5"}).status_code == 422


def test_a_reader_marks_what_they_want_to_find_again(app: FastAPI) -> None:
    vi = person(app, "vi", "viewer")
    named = {"model": "synthetic", "site": "mlp.0", "index": "3"}
    assert vi.post("/bookmarks", data=named).headers["location"] == UNIT
    assert "Bookmarked" in vi.get(UNIT).text
    vi.post("/bookmarks", data={**named, "note": 'Why "this"?'})
    page = vi.get("/bookmarks?model=synthetic").text
    assert 'value="Why &#34;this&#34;?"' in page
    vi.post("/bookmarks/remove", data=named)
    assert "Bookmarked" not in vi.get(UNIT).text
    assert "None" in words_of(vi.get("/bookmarks").text)
    assert vi.post("/bookmarks", data={**named, "model": "other"}).status_code == 404
    assert vi.post("/bookmarks", data={"model": "synthetic"}).status_code == 422


def test_the_activity_says_who_did_what_and_not_what_it_was(app: FastAPI) -> None:
    ada = person(app, "ada")
    address = explained(ada)
    ada.post(f"{address}/judgement", data={"verdict": "reject", "note": "Unlikely"})
    say(ada, "Words of a comment")
    page = ada.get("/m/synthetic/activity").text
    words = words_of(page)
    assert "ada commented on mlp.0/3" in words
    assert "ada judged mlp.0/3 Cats" in words
    assert not any(word in page for word in ("Unlikely", "Words of a comment"))
    only = words_of(ada.get("/m/synthetic/activity?kind=judged&actor=ada").text)
    assert "commented on" not in only
    assert ada.get("/m/synthetic/activity?kind=x").status_code == 422


def test_a_personal_list_is_seen_by_its_maker_alone(app: FastAPI) -> None:
    ada, bo = person(app, "ada"), person(app, "bo")
    with open_session(app.state.engine, commit=True) as session:
        account_id = create_account(session, name="root", is_administrator=True)
        secret = begin_login(session, account_id=account_id, device="", lasts=DAY)
    root = TestClient(app, base_url=ADDRESS, headers=PAGE, follow_redirects=False)
    root.cookies.set(COOKIE, secret)
    address = ada.post("/lists", data={"name": "Mine", "personal": "1"}).headers["location"]
    ada.post(f"{UNIT}/lists", data={"list": address.rpartition("/")[2], "why": "x"})
    for other in (bo, root):
        assert other.get(address).status_code == 404
        assert "Mine" not in other.get("/lists").text
        assert "Mine" not in other.get(f"{UNIT}/lists").text
        assert other.post(f"{address}/delete").status_code == 404
        form = {"list": address.rpartition("/")[2]}
        assert other.post(f"{UNIT}/lists", data=form).status_code == 404
    assert "Mine" in ada.get("/lists").text
    ada.post(f"{address}/change", data={"name": "Ours"})
    assert "Ours" in bo.get(address).text
    assert bo.post(f"{address}/change", data={"name": "x", "personal": "1"}).status_code == 403
    assert bo.post(f"{UNIT}/lists", data=form).status_code == 303


def test_a_unit_goes_into_a_new_list_from_its_page(app: FastAPI) -> None:
    ada = person(app, "ada")
    assert "/lists" in ada.get(UNIT).text
    answer = ada.post(f"{UNIT}/lists", data={"name": "Cats", "why": "It purrs"})
    page = ada.get(answer.headers["location"]).text
    assert "mlp.0/3" in page
    assert "It purrs" in page
    slug = answer.headers["location"].rpartition("/")[2]
    gone = {"model": "synthetic", "site": "mlp.0", "index": "3"}
    assert ada.post(f"/lists/{slug}/remove", data=gone).status_code == 303
    assert "No units yet" in ada.get(f"/lists/{slug}").text
    assert ada.post(f"{UNIT}/lists", data={}).status_code == 422
