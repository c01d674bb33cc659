"""Judgements leave and come in over pages and REST."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.store.engine import open_session
from app.store.judging import Rating, judge
from tests.pages.team import add, browser, closed_app
from tests.pages.test_reading_a_circuit import words_of
from tests.pages.writing import save

HERE = "/m/synthetic/judgements/import"
REST = "/api/v1/models/synthetic/judgements"


@pytest.fixture
def number(own_pages: TestClient) -> int:
    """Of an explanation that two have judged."""
    found = int(save(own_pages, text="=Articles").rpartition("/")[2])
    with open_session(own_pages.app.state.engine, commit=True) as session:  # type: ignore[attr-defined]
        for actor in ("ada", "bo"):
            judge(session, explanation_id=found, actor=actor, rating=Rating("accept", 4))
    return found


def sent(client: TestClient, text: str, *, name: str = "j.csv", **form: str):
    return client.post(HERE, files={"file": (name, text)}, data={"origin": "their-lab", **form})


def test_a_dry_run_says_what_would_happen_then_it_does(own_pages: TestClient, number: int) -> None:
    text = f"annotator,verdict,explanation\nJo <b>,reject,{number}\n"
    before = sent(own_pages, text, dry_run="1")
    assert "This would bring in 1 judgement" in words_of(before.text)
    assert "Jo &lt;b&gt; (their-lab)" in before.text
    assert "Brought in 1 judgement" in words_of(sent(own_pages, text).text)
    again = words_of(sent(own_pages, text).text)
    assert "Brought in 0 judgements" in again
    assert "1 was here already" in again
    told = own_pages.get(f"/api/v1/models/synthetic/disagreements/{number}").json()
    assert [one["origin"] for one in told["judgements"]] == [None, None, "their-lab"]


def test_what_is_wrong_is_told_by_line(own_pages: TestClient, number: int) -> None:
    text = f"annotator,verdict,explanation\njo,maybe,{number}\njo,accept,99999\n"
    answered = sent(own_pages, text)
    assert answered.status_code == 422
    said = words_of(answered.text)
    assert "2 of 2 rows cannot be taken" in said
    assert "j.csv, line 2: 'maybe' is no verdict" in said
    assert "synthetic has no explanation 99999" in said


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("j.txt", "a", {}),
        ("j.csv", "a,b\n", {}),
        ("j.csv", "annotator,verdict,unit\n", {"origin": "Not One"}),
    ],
)
def test_what_is_no_table_is_refused(
    own_pages: TestClient, name: str, text: str, form: dict[str, str]
) -> None:
    assert sent(own_pages, text, name=name, **form).status_code == 422


def test_over_rest_they_leave_and_come_back(own_pages: TestClient, number: int) -> None:
    out = own_pages.get(f"{REST}.jsonl")
    rows = [json.loads(line) for line in out.text.splitlines()]
    assert [(row["annotator"], row["verdict"], row["explanation"]) for row in rows] == [
        ("ada", "accept", number), ("bo", "accept", number),
    ]  # fmt: skip
    assert "attachment" in out.headers["content-disposition"]
    assert "'=Articles" in own_pages.get(f"{REST}.csv").text
    assert own_pages.get(f"{REST}.parquet").content.startswith(b"PAR1")
    (one,) = own_pages.get(f"{REST}.jsonl", params={"kind": "consensus"}).text.splitlines()
    assert (json.loads(one)["verdict"], json.loads(one)["n"]) == ("accept", 2)
    hidden = own_pages.get(f"{REST}.jsonl", params={"annotators": "numbers"}).text
    assert "ada" not in hidden
    manifest = own_pages.get(f"{REST}/manifest").json()
    assert (manifest["n_rows"], manifest["n_people"]) == (2, 2)
    asked = {"origin": "their-lab", "dry_run": True}
    told = own_pages.post(f"{REST}/import", params=asked, content=out.content).json()
    assert (told["n_new"], told["n_known"], told["n_faults"]) == (0, 2, 0)
    other = out.text.replace('"ada"', '"di"').encode()
    told = own_pages.post(f"{REST}/import", params={"origin": "their-lab"}, content=other).json()
    assert (told["n_new"], told["people"]) == (1, ["bo (their-lab)", "di (their-lab)"])
    bad = own_pages.post(f"{REST}/import", params={"origin": "their-lab"}, content=b"{}\n").json()
    assert (bad["n_new"], bad["faults"][0]["line"]) == (0, 1)
    assert own_pages.post(f"{REST}/import", params={"origin": "Not One"}).status_code == 422


def test_annotators_neither_take_them_out_nor_bring_them_in(tmp_path: Path) -> None:
    app = closed_app(tmp_path)
    ada = browser(app, add(app, "ada", role="annotator"))
    for path in (HERE, f"{REST}.csv", f"{REST}/manifest"):
        assert ada.get(path).status_code == 403
    page = ada.get("/m/synthetic/agreement").text
    assert "Take them out" not in page
    assert "Bring in judgements" not in page
