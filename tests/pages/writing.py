"""The form of one unit, and programs to write into it."""

import re

from starlette.testclient import TestClient

UNIT = "/m/synthetic/mlp.0/5"
HERE = f"{UNIT}/explanations"
PROGRAM = 'when word in {"the"} -> 2\notherwise 0.1\n'
VARIED = "when position < 6 -> 2\n"
FRAGMENT = {"hx-request": "true", "hx-target": "div#check"}


def words(page: str) -> str:
    """Without markup, with single blanks."""
    return " ".join(re.sub(r"<[^>]+>", "", page).split())


def save(client: TestClient, **form: object) -> str:
    """Where it leads."""
    answer = client.post(HERE, data=form, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])
