"""kill -9 while a language model is asked: another worker goes on, and nothing is paid twice."""

import json
import signal
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select

from analysis.worker.inline import run_inline
from analysis.worker.sweeping.job import KIND as SWEEP
from app.store.engine import open_session
from app.store.requests import AssistantOptions, ExplainRequest
from app.store.tables import ExplanationTable
from tests.analysis.assistants.scripted import Play, Script, scripted
from tests.worker.conftest import ROOT, Laboratory
from tests.worker.explaining.assisted import answers
from tests.worker.explaining.conftest import POOLED
from tests.worker.sweeping.conftest import add_planted

CONCURRENCY = 3
N_UNITS = 20


def slowly(script: Script, seconds: float) -> Script:
    def played(asked: dict[str, Any], number: int) -> Play:
        play = script(asked, number)
        return Play(play.status, play.body, play.headers, wait=seconds)

    return played


def start_worker(laboratory: Laboratory, url: str) -> subprocess.Popen[str]:
    with (laboratory.folder / f"worker-{len(laboratory.processes)}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker", "--until-idle"],
            env=laboratory.environment | {"PATCHCLAMP_ASSISTANT_URL": url},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            text=True,
        )
    laboratory.processes.append(process)
    return process


def n_stored(laboratory: Laboratory) -> int:
    with open_session(laboratory.engine) as session:
        return session.scalar(select(func.count()).select_from(ExplanationTable)) or 0


@pytest.fixture
def asked(laboratory: Laboratory) -> ExplainRequest:
    add_planted(laboratory.engine, laboratory.settings, laboratory.folder)
    swept = run_inline(laboratory.engine, laboratory.settings, SWEEP, POOLED)
    assert swept is not None
    return ExplainRequest(
        model="planted",
        run_id=swept["run_id"],
        site="mlp.0",
        units=list(range(N_UNITS)),
        methods=["language_model"],
        assistant=AssistantOptions(model="big", windows=8, concurrency=CONCURRENCY),
    )


def test_a_job_that_was_killed_goes_on_and_sends_nothing_again_that_was_answered(
    laboratory: Laboratory, asked: ExplainRequest
) -> None:
    with scripted(slowly(answers(), 0.05)) as endpoint:
        job_id = laboratory.ask(asked)
        first = start_worker(laboratory, endpoint.url)
        laboratory.wait_until(lambda: n_stored(laboratory) == 8, 60)
        before = len(endpoint.requests)
        laboratory.wait_until(lambda: len(endpoint.requests) > before + 6, 30)
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert n_stored(laboratory) == 8
        start_worker(laboratory, endpoint.url)
        ended = laboratory.wait_for_end(job_id, 90)
        sent = Counter(json.dumps(body, sort_keys=True) for body in endpoint.requests)
    assert ended.status == "succeeded", laboratory.logs()
    assert n_stored(laboratory) == N_UNITS
    again = sum(times - 1 for times in sent.values())
    assert again <= CONCURRENCY  # those that were under way
    assert ended.result is not None
    assert ended.result["assistant"]["n_cached"] >= 3
    spent = ended.result["assistant"]["spent"]["tokens"]  # of both attempts
    assert 110 * (len(sent) - CONCURRENCY) <= spent <= 110 * sum(sent.values())


def test_a_job_that_is_cancelled_stops_asking(
    laboratory: Laboratory, asked: ExplainRequest
) -> None:
    with scripted(slowly(answers(), 0.2)) as endpoint:
        job_id = laboratory.ask(asked)
        start_worker(laboratory, endpoint.url)
        laboratory.wait_until(lambda: len(endpoint.requests) > 8, 60)
        laboratory.cancel(job_id)
        ended = laboratory.wait_for_end(job_id, 30)
        n_sent = len(endpoint.requests)
        laboratory.processes[0].wait(30)
        assert len(endpoint.requests) <= n_sent + CONCURRENCY
    assert ended.status == "cancelled"
    assert n_stored(laboratory) % 8 == 0
