"""Someone asks for a circuit on a page."""

import re

import pytest
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.writing_tasks import keep_task
from tests.store.circuits import imported

CIRCUITS = "/m/synthetic/circuits"


def asked(client: TestClient, form: dict[str, str]) -> dict[str, object]:
    """The request of the job that the form made."""
    answer = client.post(CIRCUITS, data=form, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    job = client.get(f"/api/v1{answer.headers['location']}").json()
    assert (job["kind"], job["status"], job["created_by"]) == ("circuit", "queued", "local owner")
    return job["request"]


def test_a_task_and_settings_are_chosen_in_a_plain_form(own_pages: TestClient) -> None:
    form = {"task": "agreement", "method": "relp", "ablation": "mean", "n_nodes": "40", "seed": "7"}
    request = asked(own_pages, form)
    assert {name: str(request[name]) for name in form} == form
    assert request["prompt"] is None


def test_a_prompt_goes_before_the_task_that_is_chosen_anyway(own_pages: TestClient) -> None:
    request = asked(own_pages, {"task": "pronouns", "prompt": "The Eiffel Tower is in"})
    assert (request["task"], request["prompt"]) == (None, "The Eiffel Tower is in")


def test_tasks_that_are_kept_can_be_chosen_and_are_asked_for_on_their_own_page(
    own_pages: TestClient,
) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        keep_task(session, model="synthetic", task=imported(), actor="me", slug="thanks")
    options = re.findall(r"<option>([^<]+)</option>", own_pages.get(CIRCUITS).text)
    assert options[:2] == ["indirect-objects", "greater-than"]
    assert options[-1] == "thanks"
    page = own_pages.get("/m/synthetic/tasks/thanks").text
    assert '<input type="hidden" name="task" value="thanks">' in page
    assert asked(own_pages, {"task": "thanks"})["task"] == "thanks"


@pytest.mark.parametrize(
    ("form", "status", "named"),
    [
        ({"task": "pronouns", "n_nodes": "0"}, 422, "n_nodes"),
        ({"task": "pronouns", "method": "guess"}, 422, "method"),
        ({"task": "pronouns", "seed": "many"}, 422, "seed"),
        ({"task": ""}, 422, "task"),
        ({"task": "no-such-task"}, 404, "no-such-task"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    own_pages: TestClient, form: dict[str, str], status: int, named: str
) -> None:
    answer = own_pages.post(CIRCUITS, data=form)
    assert answer.status_code == status
    assert named in answer.text


def test_another_site_cannot_ask(own_pages: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    answer = own_pages.post(CIRCUITS, data={"task": "pronouns"}, headers=headers)
    assert answer.status_code == 403
