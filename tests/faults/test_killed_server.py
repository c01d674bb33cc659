"""A web process that is killed while people judge: what it acknowledged is there."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
from sqlalchemy import Engine, select

from app.settings import Settings
from app.store.audit.verifying import verify
from app.store.engine import open_session
from app.store.synthetic import fill_synthetic
from app.store.tables import ExplanationTable, JudgementTable
from tests.cli.conftest import COMMAND, ROOT
from tests.cli.test_up import ADDRESS, Output
from tests.store.audit_log import rows

N_SUBMISSIONS = 1000
KILLED_AFTER = 250
"""Acknowledgements, by which it is busy with others."""
PEOPLE = 8


@contextmanager
def served(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    kept = {name: value for name, value in os.environ.items() if "PATCHCLAMP" not in name}
    environment = (
        kept
        | {
            "PATCHCLAMP_DATA": str(settings.data),
            "PATCHCLAMP_PORT": "0",
        }
        | ({"PATCHCLAMP_DATABASE_URL": url} if url else {})
    )
    process = subprocess.Popen(
        [*COMMAND, "serve"], env=environment, cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        yield process, Output(process).wait_for(ADDRESS.pattern, 120)
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def submit(url: str, explanation: int, note: str) -> bool:
    """Whether it was acknowledged."""
    try:
        answer = httpx.put(
            f"{url}/api/v1/explanations/{explanation}/judgement",
            json={"verdict": "accept", "note": note},
            timeout=120,
        )
    except httpx.TransportError:
        return False
    assert answer.status_code == 200, answer.text
    return True


def test_every_judgement_that_was_acknowledged_is_there_after_a_kill(
    engine: Engine, settings: Settings
) -> None:
    fill_synthetic(engine, data=settings.data, layers=1, neurons=16, heads=2, windows=32)
    with open_session(engine) as session:
        counting = select(ExplanationTable.id).where(ExplanationTable.status == "current")
        explanations = list(session.scalars(counting.limit(20)))
    assert explanations
    acknowledged: list[str] = []
    enough = threading.Event()

    with served(settings) as (process, url), ThreadPoolExecutor(PEOPLE) as people:

        def judge(number: int) -> None:
            note = f"submission {number}"
            if submit(url, explanations[number % len(explanations)], note):
                acknowledged.append(note)
                if len(acknowledged) == KILLED_AFTER:
                    enough.set()

        done = [people.submit(judge, number) for number in range(N_SUBMISSIONS)]
        assert enough.wait(300)
        process.kill()
        for one in done:
            one.result()
    assert KILLED_AFTER <= len(acknowledged) < N_SUBMISSIONS

    with served(settings) as (_, url):
        assert submit(url, explanations[0], "after")
    with open_session(engine) as session:
        notes = list(session.scalars(select(JudgementTable.note)))
    assert set(acknowledged) | {"after"} <= set(notes)
    assert len(notes) == len(set(notes))
    # a few were stored whose answer died with the server, at most one of each person
    assert len(notes) <= len(acknowledged) + PEOPLE + 1
    assert verify(engine).fault is None
    noted = [row["after"] for row in rows(engine) if row["action"] == "explanation.judged"]
    assert sorted(json.loads(after)["note"] for after in noted) == sorted(notes)
