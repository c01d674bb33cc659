"""The playground of a synthetic model, whose inference service is a double, and how it is asked."""

import re
from typing import Any

import httpx
from sqlalchemy import select
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.tables import ExperimentTable
from tests.pages.loaded import FakeModel

HERE = "/m/synthetic/playground"
FRAGMENT = {"hx-request": "true", "hx-target": "section#result"}
ABLATE = {
    "place": "mlp.0/5", "operation": "zero", "value": "", "other": "", "where": "all",
}  # fmt: skip
TEXT = "The cat sat down"


def load(client: TestClient) -> FakeModel:
    """The double, in the place of the client of a service."""
    fake = FakeModel()
    client.app.state.inference = fake  # type: ignore[attr-defined]
    return fake


def run(client: TestClient, **form: Any) -> httpx.Response:
    """As a browser without scripts; it is not followed."""
    return client.post(HERE, data={"text": TEXT} | form, follow_redirects=False)


def run_in_place(client: TestClient, **form: Any) -> httpx.Response:
    return client.post(HERE, data={"text": TEXT} | form, headers=FRAGMENT)


def kept(client: TestClient, **form: Any) -> str:
    """The slug of what was run."""
    answer = run(client, **(ABLATE | form))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("experiment=")[2]


def spoil(client: TestClient, slug: str) -> None:
    """As if another version had stored it, whose prompts are made otherwise."""
    engine = client.app.state.engine  # type: ignore[attr-defined]
    with open_session(engine, commit=True) as session:
        row = session.scalars(select(ExperimentTable).filter_by(slug=slug)).one()
        row.request = {**row.request, "prompt": {"words": ["The"]}}


def values(page: str, name: str) -> list[str]:
    """Of the form's inputs of that name, as they are shown."""
    tags = re.findall(rf'<input[^>]*\bname="{name}"[^>]*>', page)
    return [found[1] if (found := re.search(r'\bvalue="([^"]*)"', tag)) else "" for tag in tags]


def words(page: str) -> str:
    """Without markup, with single blanks."""
    return " ".join(re.sub(r"<[^>]+>", "", page).split())
