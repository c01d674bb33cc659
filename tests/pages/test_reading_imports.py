"""Someone reads what was imported from a file that somebody else wrote."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.exchange.importing import import_path
from app.store.engine import open_session
from app.store.tables import ExplanationTable

LINE = {"model": "synthetic", "site": "mlp.0", "index": 5, "author": "me", "text": "Krakens."}
CLAIMED: tuple[dict[str, Any], ...] = (
    {"chosen_on_fit_windows": "many"},
    {"chosen_on_fit_windows": 3},
    {"withdrawn_by": "the owner", "failed_because": "<b>", "answer": 5, "tail": "negative"},
)


def bring_in(client: TestClient, path: Path, **more: object) -> int:
    """The explanation that the file becomes."""
    engine = client.app.state.engine  # type: ignore[attr-defined]
    path.write_text(json.dumps(LINE | more) + "\n")
    assert import_path(engine, path, model="synthetic").problems == []
    with open_session(engine) as session:
        return session.scalars(select(ExplanationTable.id).filter_by(method="import")).one()


@pytest.mark.parametrize("details", CLAIMED)
def test_what_a_file_says_in_our_words_is_kept_and_not_shown_as_our_own(
    own_pages: TestClient, tmp_path: Path, details: dict[str, Any]
) -> None:
    number = bring_in(own_pages, tmp_path / "a.jsonl", details=details | {"note": "theirs"})
    page = own_pages.get(f"/m/synthetic/mlp.0/5/explanations/{number}")
    assert page.status_code == 200
    assert "No calibration split" not in page.text
    kept = own_pages.get(f"/api/v1/explanations/{number}").json()["details"]
    imported = {"file": "a.jsonl", "line": 1, "method": "import", "details": details}
    assert kept == {"note": "theirs", "imported": imported}


def test_a_file_whose_name_is_no_text_is_named_as_far_as_it_is(
    own_pages: TestClient, tmp_path: Path
) -> None:
    number = bring_in(own_pages, tmp_path / os.fsdecode(b"kra\xffken.jsonl"))
    answer = own_pages.get(f"/api/v1/explanations/{number}")
    assert answer.status_code == 200
    assert answer.json()["details"]["imported"]["file"] == "kra?ken.jsonl"
