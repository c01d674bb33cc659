"""Events and requests of jobs as sentences: what a worker writes, read by somebody new."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from markupsafe import Markup
from starlette.testclient import TestClient

from app.rendering.event import SENTENCES, happened, since_start
from app.rendering.job import asked, became
from app.store.circuit_request import CircuitRequest
from app.store.requests import (
    AssistantOptions,
    ExplainRequest,
    OutputRequest,
    PrepareDemoRequest,
    Sampling,
    SweepRequest,
)
from app.store.views.job import JobEventView, JobView, ProgressView

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO_PROGRESS = ProgressView(
    done=None, total=None, unit=None, rate=None, seconds_left=None, estimating=False
)


def event(kind: str, data: dict[str, Any], seconds: float = 0) -> JobEventView:
    at = START + timedelta(seconds=seconds)
    return JobEventView(id=1, job_id="a", at=at, kind=kind, data=data)


def job(request: dict[str, Any], *, started: bool = True, result: Any = None) -> JobView:
    return JobView(
        id="a", kind=request["kind"], status="running", model="toy", progress=NO_PROGRESS,
        message=None, created_by="owner", created_at=START - timedelta(seconds=30),
        started_at=START if started else None, finished_at=None, cancel_requested=False,
        worker_id=None, attempts=1, error=None, request=request, traceback=None, result=result,
        waiting=None,
    )  # fmt: skip


def plain_text(markup: str) -> str:
    return re.sub(r"<br>", " | ", markup) if "<br>" in markup else re.sub(r"<.*?>", "", markup)


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("queued", {"actor": "owner"}, "Asked for by owner; it waits for a worker."),
        ("queued", {"reason": "Its worker was stopped; it goes on when one is free."},
         "Back in the queue. Its worker was stopped; it goes on when one is free."),
        ("started", {"worker": "w1"}, "Worker w1 began with it."),
        ("resumed", {"worker": "w2", "dead_worker": "w1", "done": 320.0, "unit": "windows"},
         "Worker w2 took it over, at 320 windows: worker w1 was no longer heard of."),
        ("resumed", {"worker": "w2", "dead_worker": None, "done": None, "unit": None},
         "Worker w2 went on with it."),
        ("resumed", {"windows": 2048},
         "Checkpoints know 2,048 windows: it goes on behind them."),
        ("resumed", {"message": None}, "It goes on: what it waited for is over."),
        ("planned", {"dtype": "float32, as asked for",
                     "windows": {"fit": {"asked": None, "found": 9, "taken": 9, "short": 0}}},
         "Planned the windows to read: fit 9. Numbers are float32, as asked for."),
        ("progress", {"done": 320.0, "total": 1600.0, "unit": "windows", "rate": 8.9,
                      "message": "recording activations"},
         "Recording activations: 320 of 1,600 windows (20.0\u202f%), 8.90 a second."),
        ("progress", {"done": 1234}, "1,234 steps."),
        ("published", {"windows": 256, "run_id": 3},
         "The numbers of 256 windows are on the pages (run 3)."),
        ("left_out", {"what": "first explanations", "reason": "ValueError: no such shape"},
         "It goes on without first explanations: ValueError: no such shape."),
        ("waiting", {"message": "Waiting: the disk is full"}, "Waiting: the disk is full."),
        ("cancelling", {"actor": "owner"}, "owner asked it to stop; it does so within a batch."),
        ("cancelled", {}, "It stopped: cancelled."),
        ("succeeded", {"result": {"run_id": 3}}, "Done: its numbers are run 3."),
        ("succeeded", {"result": {"run_id": 3, "not_done": {"output": "There are none."}}},
         "Done: its numbers are run 3. Not done: output. There are none."),
        ("failed", {"error": "No room. Free some."}, "Failed: No room. Free some."),
        ("moved_house", {"n_boxes": 3, "fragile": True}, "Moved house: boxes 3, fragile yes."),
    ],
)  # fmt: skip
def test_an_event_is_a_sentence(kind: str, data: dict[str, Any], sentence: str) -> None:
    assert plain_text(happened(event(kind, data))) == sentence


@pytest.mark.parametrize("kind", list(SENTENCES))
def test_an_event_without_data_is_a_sentence_too(kind: str) -> None:
    said = happened(event(kind, {}))
    assert said.endswith(".")
    assert "None" not in said


def test_what_an_event_says_cannot_become_markup() -> None:
    said = happened(event("published", {"windows": 1, "run_id": '"><script>'}))
    assert "<script>" not in said


def test_times_count_from_the_start_and_keep_their_date() -> None:
    later = since_start(event("progress", {}, 95), job({"kind": "sweep"}))
    assert ">+1\u202fmin 35\u202fs</time>" in later
    assert 'title="2026-03-01 12:01:35 UTC"' in later
    assert ">\u221230\u202fs<" in since_start(event("queued", {}, -30), job({"kind": "sweep"}))
    waits = job({"kind": "sweep"}, started=False)
    assert ">0\u202fs<" in since_start(event("queued", {}, -30), waits)


def test_a_request_is_told_in_words_and_in_order() -> None:
    request = SweepRequest(
        model="toy", corpus="starter", max_windows={"fit": 2304, "ood": 512}, seed=1_000_000,
        sampling={"fit": Sampling(top=10, bottom=6, per_interval=2, random=4, pool=40),
                  "default": Sampling(top=0, bottom=0, per_interval=0, random=0, pool=0)},
    ).model_dump(mode="json")  # fmt: skip
    told = {plain_text(fact.label): plain_text(fact.value) for fact in asked(job(request))}
    assert told == {
        "corpus": "starter",
        "windows read": "fit: at most 2,304; held-out domains: at most 512",
        "tokens per window": "128",
        "a window begins with": "as the model's tokenizer does it",
        "first position counted": "1",
        "windows kept per unit": "fit: 10 top, 6 bottom, 2 per interval, 4 random, 40 in the pool "
        "| other splits: none",
        "“above” is above": "1",
        "histograms of": "one position in 8",
        "dtype": "the worker chooses",
        "device": "the worker chooses",
        "windows per batch": "16",
        "windows per shard": "256",
        "afterwards": "output sides, related units and explanations",
        "neurons per site held to account": "none",
        "seed": "1000000",
    }
    assert next(iter(told)) == "corpus"


def test_what_was_not_asked_is_told_as_usual() -> None:
    request = SweepRequest(model="toy", corpus="starter").model_dump(mode="json")
    told = {fact.label: fact.value for fact in asked(job(request))}
    assert told["windows read"] == "all"
    kept = plain_text(told["windows kept per unit"])
    assert kept.startswith("as usual")
    assert "10 top, 6 bottom" in kept


def test_other_jobs_name_the_run_they_are_beside_and_the_sweep_they_asked_for() -> None:
    output = asked(job(OutputRequest(model="toy", run_id=3).model_dump(mode="json")))
    assert [plain_text(fact.value) for fact in output] == ["run 3", "10"]
    demo = job(PrepareDemoRequest().model_dump(mode="json"), result={"sweep": "ab", "n_new": 2})
    assert [fact.value for fact in became(demo)] == ['<a href="/jobs/ab">its sweep</a>', "2"]


def test_a_circuit_is_asked_for_in_words_and_found_by_a_link() -> None:
    request = CircuitRequest(model="toy", task="pronouns", title="<b>he</b>")
    found = job(request.model_dump(mode="json"), result={"run_id": 3, "circuit": "he-and-she"})
    assert {plain_text(fact.label): str(fact.value) for fact in asked(found)} == {
        "on the task": "pronouns",
        "pairs of prompts": "128",
        "how units are ranked": "learned at all sizes at once (nested)",
        "in place of what is ablated": "its value in the counterfactual prompt",
        "neurons and heads kept": "256",
        "slug": "a free one",
        "title": "<b>he</b>",  # no markup: the page escapes it
        "seed": "0",
    }
    assert not any(isinstance(fact.value, Markup) for fact in asked(found))
    assert [fact.value for fact in became(found)] == [
        '<a href="/m/toy/circuits/he-and-she">he-and-she</a>'
    ]


def test_the_page_of_a_job_tells_sentences_and_folds_the_raw_data(pages: TestClient) -> None:
    failed = re.findall(r'<a href="/jobs/(\w+)">', pages.get("/jobs?status=failed").text)[0]
    page = pages.get(f"/jobs/{failed}").text
    front, fold = page.split('<details class="aside" id="raw-events">')
    assert "Asked for by owner; it waits for a worker." in front
    assert "was no longer heard of" in front
    assert "windows_per_shard" not in front
    assert "dead_worker" not in front
    assert "&#34;windows_per_shard&#34;: 256" in fold
    assert "dead_worker" in fold
    assert "<details open><summary>Traceback" in front


def test_how_much_a_language_model_is_asked_stands_with_what_was_asked() -> None:
    assistant = AssistantOptions(model="big", judges=["simulation", "detection"])
    request = ExplainRequest(
        model="toy", run_id=3, methods=["language_model"], assistant=assistant
    ).model_dump(mode="json")
    told = {fact.label: str(fact.value) for fact in asked(job(request))}["language model"]
    assert told == (
        "big; for each unit at most 13 questions, and 26 for each tested split, 7 of them for the "
        "shuffled baseline"
    )
    del request["assistant"]["shuffled"]  # asked for before there was one
    before = {fact.label: str(fact.value) for fact in asked(job(request))}["language model"]
    assert before == "big; for each unit at most 13 questions, and 19 for each tested split"
