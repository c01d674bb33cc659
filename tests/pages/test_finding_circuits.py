"""Someone asks for a circuit on a page."""

import inspect
import re
from typing import get_args

import pytest
from starlette.testclient import TestClient

from analysis.protocol.circuits import Ranking
from app.commands import circuits
from app.pages import circuit_request
from app.rendering.task import EXAMPLES
from app.store.circuit_request import GENERATORS, CircuitRequest
from app.store.engine import open_session
from app.store.writing_tasks import keep_task
from tests.store.circuits import imported

CIRCUITS = "/m/synthetic/circuits"
CHOICE = re.compile(r'<select name="task">.*?</select>')


def offered(page: str) -> list[str]:
    """The tasks that can be chosen."""
    return re.findall(r'<option value="([^"]+)"', CHOICE.findall(page)[0])


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
    options = offered(own_pages.get(CIRCUITS).text)
    assert options[:2] == ["indirect-objects", "greater-than"]
    assert options[-1] == "thanks"
    page = own_pages.get("/m/synthetic/tasks/thanks").text
    assert '<input type="hidden" name="task" value="thanks">' in page
    assert asked(own_pages, {"task": "thanks"})["task"] == "thanks"


def test_of_very_many_tasks_the_newest_are_offered_and_that_is_said(
    own_pages: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        for number in range(60):
            task = imported(f"Task {number}", n=1 + number)
            keep_task(session, model="synthetic", task=task, actor="me")
    page = own_pages.get(CIRCUITS).text
    assert {f"task-{number}" for number in range(60)} <= set(offered(page))
    assert "the newest; others on" not in page
    monkeypatch.setattr(circuit_request, "MOST_TASKS", 2)
    page = own_pages.get(CIRCUITS).text
    assert offered(page) == [*GENERATORS, "task-59", "task-58"]
    assert "the newest; others on" in page


def test_what_is_chosen_beforehand_is_what_a_request_has_where_nothing_is_said(
    own_pages: TestClient,
) -> None:
    page = own_pages.get(CIRCUITS).text
    usual = CircuitRequest(model="synthetic", task="pronouns")
    fields = dict(re.findall(r'<input name="(\w+)" type="number"[^>]* value="(\d+)"', page))
    assert {name: int(value) for name, value in fields.items()} == {
        name: getattr(usual, name) for name in ("n_pairs", "n_nodes", "seed")
    }
    assert re.findall(r'<option value="(\w+)" selected>', page) == [usual.method, usual.ablation]
    assert asked(own_pages, {"task": "pronouns"}) == usual.model_dump(mode="json")


def test_every_kind_of_task_is_offered_with_an_example(pages: TestClient) -> None:
    page = pages.get(CIRCUITS).text
    assert tuple(EXAMPLES) == GENERATORS
    for name, example in EXAMPLES.items():
        assert f'<option value="{name}">{name}: {example}</option>' in page
    assert "Fewer pairs and nodes are faster" in page


def test_every_ranking_that_a_search_knows_can_be_chosen(own_pages: TestClient) -> None:
    (choice,) = re.findall(r'<select name="method">(.*?)</select>', own_pages.get(CIRCUITS).text)
    assert tuple(re.findall(r'value="(\w+)"', choice)) == get_args(Ranking)
    told = inspect.signature(circuits.circuit).parameters["method"].annotation
    assert all(name in told.__metadata__[0].help for name in get_args(Ranking))


@pytest.mark.parametrize(
    ("form", "status", "named"),
    [
        ({"task": "pronouns", "n_nodes": "0"}, 422, "n_nodes"),
        ({"task": "pronouns", "method": "guess"}, 422, "method"),
        ({"task": "pronouns", "seed": "many"}, 422, "seed"),
        ({"task": ""}, 422, "task"),
        ({"task": "no-such-task"}, 404, "no-such-task"),
        ({"prompt": " the"}, 422, "Give a longer prompt"),
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
