"""The program that the guide for clients shows runs, against a real server, with a token."""

import threading
import time
from pathlib import Path

import httpx
import pytest

from app.auth.rights import Right
from app.bench.serving import serving
from app.main import create_app
from app.settings import Settings
from app.store.accounts.tokens import create_token
from app.store.engine import open_session
from tests.contracts.documented import blocks_of
from tests.kept import synthetic_store
from tests.pages.team import add

HERE = {"smollm2-135m-instruct": "synthetic", "mlp.12": "mlp.0", "345": "5"}
"""What the guide names, and what is in the store of the test."""


def cancel_what_comes(url: str, token: str, there: set[str]) -> None:
    """There is no worker here, so that the job that the guide asks for would wait for ever."""
    with httpx.Client(base_url=f"{url}/api/v1", headers={"X-Api-Key": token}) as client:
        new: set[str] = set()
        while not new:
            time.sleep(0.2)
            new = jobs_of(client) - there
        client.post(f"/jobs/{new.pop()}/cancel").raise_for_status()


def jobs_of(client: httpx.Client) -> set[str]:
    return {job["id"] for job in client.get("/jobs").raise_for_status().json()["items"]}


def test_the_program_of_the_guide_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    synthetic_store(
        tmp_path, layers=1, neurons=8, heads=2, windows=192, window_length=16, exemplars_per_kind=2
    )
    app = create_app(Settings(data=tmp_path, log_level="error"))
    ada = add(app, "ada", role="owner")
    with open_session(app.state.engine, commit=True) as session:
        token = create_token(session, account_id=ada, name="notebook", scopes=[*Right], lasts=None)
    shown = "\n".join(block.text for block in blocks_of("docs/clients.md", "python"))
    for name, here in HERE.items():
        shown = shown.replace(name, here)
    with serving(app) as url:
        monkeypatch.setenv("LAB_URL", url)
        monkeypatch.setenv("LAB_TOKEN", token)
        with httpx.Client(base_url=f"{url}/api/v1", headers={"X-Api-Key": token}) as client:
            there = jobs_of(client)
        threading.Thread(target=cancel_what_comes, args=(url, token, there), daemon=True).start()
        capsys.readouterr()  # what came before
        names: dict[str, object] = {}
        exec(compile(shown, "docs/clients.md", "exec"), names)  # noqa: S102 - our own guide
        names["client"].close()  # type: ignore[attr-defined]
    said = [line for line in capsys.readouterr().out.split("\n") if not line.startswith("20")]
    assert said[0] == "ada"
    assert said[2:4] == ["queued", "cancelled"], said
    assert len(names["alive"]) == 7, "one of the eight is dead"  # type: ignore[arg-type]
    assert {score["split"] for score in names["scores"]} > {"test"}  # type: ignore[attr-defined]
