from datetime import UTC, datetime

import pytest

from app.store.engine import open_session
from app.store.requests import AssistantOptions
from app.store.tables import CorpusTable, ModelTable
from app.store.tables.job import JobTable
from app.store.writing_circuits import keep_circuit
from app.store.writing_tasks import keep_task
from tests.store.circuits import generated, without_units

JOBS = "/api/v1/jobs"
SWEEP = {"kind": "sweep", "model": "tiny", "corpus": "few"}


@pytest.fixture
def ready(empty_app, empty):
    """A client of a store with one model and one corpus, enough to ask for a sweep."""
    now = datetime.now(UTC)
    with open_session(empty_app.state.engine, commit=True) as session:
        session.add(
            ModelTable(
                name="tiny",
                title="Tiny",
                source="tiny",
                source_kind="plain",
                folder=None,
                architecture="plain",
                facts={},
                n_layers=1,
                n_parameters=1,
                weights_sha256="0" * 64,
                tokenizer_sha256="0" * 64,
                current_run_id=None,
                created_at=now,
            )
        )
        session.add(
            CorpusTable(
                name="few",
                title="Few",
                source="few",
                source_kind="txt",
                folder="corpora/few",
                documents_sha256="0" * 64,
                n_documents=0,
                n_characters=0,
                reading={},
                created_at=now,
            )
        )
    return empty


def test_a_job_that_was_asked_for_is_queued_and_found_at_its_location(ready):
    answer = ready.post(JOBS, json=SWEEP)
    assert answer.status_code == 201
    job = answer.json()
    assert job["status"] == "queued"
    assert job["created_by"] == "local owner"
    assert job["request"]["window_length"] == 128
    assert ready.get(answer.headers["location"]).json() == job
    assert [item["id"] for item in ready.get(JOBS).json()["items"]] == [job["id"]]


def test_a_job_for_a_missing_model_is_a_404_and_leaves_nothing(ready):
    answer = ready.post(JOBS, json=SWEEP | {"model": "nobody"})
    assert answer.status_code == 404
    assert "nobody" in answer.json()["detail"]
    assert ready.get(JOBS).json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "dance"},
        {"window_length": 1},
        {"batch_size": 10**12},
        {"dtype": "float8"},
        {"seed": 2**63},
        {"surprise": 1},
        {"sampling": {"default": {"top": -1}}},
        {"sampling": {"default": {"pool": 2**63}}},
        {"sampling": {"fit; rm -rf ~": {}}},
        {"sampling": {"ood:a b": {}}},
        {"sampling": {f"ood:{number}": {} for number in range(65)}},
        {"max_windows": {"fit=1 --seed": 3}},
        {"max_windows": {"fit": -1}},
        {"max_windows": {"fit": 2**63}},
        {"max_windows": {"ood:" + "x" * 61: 1}},
        {"device": "cuda:0; reboot"},
        {"device": "cpu\n"},
        {"device": "x" * 100_000},
        {"threshold": 1e300},
        {"model": None},
        {"model": "$(reboot)"},
        {"model": "x" * 101},
        {"corpus": "../few"},
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_its_place(ready, change):
    answer = ready.post(JOBS, json=SWEEP | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"][0] == "body"
    assert ready.get(JOBS).json()["items"] == []


def test_a_budget_in_dollars_needs_a_price(ready):
    asked = {"kind": "explain", "model": "gpt2", "run_id": 1, "methods": ["language_model"]}
    options = {"model": "big", "budget": 2.0}
    answer = ready.post(JOBS, json=asked | {"assistant": options})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["location"][-1] == "assistant"
    assert "needs what a million tokens cost" in str(error)
    for price in ("dollars_per_million_in", "dollars_per_million_out"):
        AssistantOptions.model_validate(options | {price: 0.1})
    AssistantOptions.model_validate({"model": "big", "token_budget": 1000})


CIRCUIT = {"kind": "circuit", "model": "tiny", "task": "pronouns"}


def test_a_circuit_on_a_task_that_is_made_is_queued_as_it_was_asked(ready):
    answer = ready.post(JOBS, json=CIRCUIT | {"slug": "he-she", "title": "He and she"})
    assert answer.status_code == 201
    assert answer.json()["request"] == CIRCUIT | {
        "prompt": None, "n_pairs": 128, "method": "nested", "ablation": "resample",
        "n_nodes": 256,
        "slug": "he-she", "title": "He and she", "seed": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"task": "a b"}, {"task": "../x"}, {"task": ""}, {"task": None}, {"n_pairs": 1},
        {"n_pairs": 10_001}, {"n_nodes": 0}, {"n_nodes": 10**9}, {"method": "guess"},
        {"ablation": "noise"}, {"slug": "a/b"}, {"slug": ""}, {"title": ""}, {"title": "a\0"},
        {"title": "a\nb"}, {"title": "x" * 201}, {"seed": -1}, {"surprise": 1},
    ],
)  # fmt: skip
def test_a_circuit_that_makes_no_sense_is_refused_with_its_place(ready, change):
    answer = ready.post(JOBS, json=CIRCUIT | change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"][0] == "body"
    assert ready.get(JOBS).json()["items"] == []


def test_a_circuit_on_a_task_that_is_not_there_is_a_404(ready):
    answer = ready.post(JOBS, json=CIRCUIT | {"task": "mine"})
    assert answer.status_code == 404
    assert "no task 'mine'" in answer.json()["detail"]


def test_a_circuit_on_a_stored_task_is_queued_unless_its_slug_is_taken(empty_app, ready):
    with open_session(empty_app.state.engine, commit=True) as session:
        keep_task(session, model="tiny", task=generated(), actor="me", slug="mine")
        keep_circuit(session, model="tiny", circuit=without_units(), actor="me", slug="taken")
    asked = CIRCUIT | {"task": "mine"}
    assert ready.post(JOBS, json=asked | {"slug": "free"}).status_code == 201
    refused = ready.post(JOBS, json=asked | {"slug": "taken"})
    assert refused.status_code == 409
    assert "Give another slug" in refused.json()["hint"]
    assert ready.post(JOBS, json=asked | {"slug": "compare"}).status_code == 422


def test_a_slug_that_a_job_is_asked_for_is_refused_until_that_job_is_cancelled(empty_app, ready):
    asked = CIRCUIT | {"slug": "mine"}
    first = ready.post(JOBS, json=asked).json()["id"]
    for status in ("queued", "running"):
        with open_session(empty_app.state.engine, commit=True) as session:
            session.get_one(JobTable, first).status = status
        refused = ready.post(JOBS, json=asked)
        assert refused.status_code == 409
        assert first in refused.json()["detail"]
        assert "cancel that job" in refused.json()["hint"]
        assert ready.post(JOBS, json=asked | {"slug": f"not-{status}"}).status_code == 201
    ready.post(f"{JOBS}/{first}/cancel")
    assert ready.post(JOBS, json=asked).status_code == 201


def test_a_queued_job_is_cancelled_at_once_and_twice_is_no_error(ready):
    job_id = ready.post(JOBS, json=SWEEP).json()["id"]
    first = ready.post(f"{JOBS}/{job_id}/cancel")
    assert first.status_code == 202
    assert first.json()["status"] == "cancelled"
    assert ready.post(f"{JOBS}/{job_id}/cancel").status_code == 202


def test_a_job_that_has_succeeded_cannot_be_cancelled(empty_app, ready):
    job_id = ready.post(JOBS, json=SWEEP).json()["id"]
    with open_session(empty_app.state.engine, commit=True) as session:
        session.get_one(JobTable, job_id).status = "succeeded"
    answer = ready.post(f"{JOBS}/{job_id}/cancel")
    assert answer.status_code == 409
    assert answer.json()["title"] == "In conflict with what is there"


def test_jobs_are_filtered_by_state_and_model(filled):
    failed = filled.get(JOBS, params={"status": "failed", "model": "synthetic"}).json()["items"]
    assert {job["status"] for job in failed} == {"failed"}
    assert {job["model"] for job in failed} == {"synthetic"}
    whole = filled.get(f"{JOBS}/{failed[0]['id']}").json()
    assert whole["traceback"].startswith("Traceback")


def test_lists_leave_requests_tracebacks_and_results_to_the_job_itself(filled):
    items = filled.get(JOBS).json()["items"]
    assert not any({"request", "traceback", "result"} & item.keys() for item in items)
    assert {"request", "traceback", "result"} <= filled.get(
        f"{JOBS}/{items[0]['id']}"
    ).json().keys()


def test_a_long_reason_is_cut_short_in_lists_only(empty_app, ready):
    job_id = ready.post(JOBS, json=SWEEP).json()["id"]
    with open_session(empty_app.state.engine, commit=True) as session:
        session.get_one(JobTable, job_id).error = "x" * 100_000
    assert len(ready.get(JOBS).json()["items"][0]["error"]) == 300
    assert len(ready.get(f"{JOBS}/{job_id}").json()["error"]) == 100_000


def test_jobs_are_paged_newest_first(filled):
    first = filled.get(JOBS, params={"limit": 2}).json()
    second = filled.get(JOBS, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    moments = [job["created_at"] for job in first["items"] + second["items"]]
    assert len(moments) == 4
    assert moments == sorted(moments, reverse=True)


def test_a_missing_job_is_a_404(filled):
    for path in ("", "/events"):
        assert filled.get(f"{JOBS}/{'0' * 32}{path}").status_code == 404
    assert filled.post(f"{JOBS}/{'0' * 32}/cancel").status_code == 404


@pytest.mark.parametrize("query", [{"status": "asleep"}, {"cursor": "x"}, {"limit": 1000}])
def test_a_list_that_makes_no_sense_is_refused(filled, query):
    assert filled.get(JOBS, params=query).status_code == 422


@pytest.mark.parametrize("kind", ["output", "relate"])
@pytest.mark.parametrize(
    ("run_id", "status"), [(1, 404), (2**31 - 1, 404), (2**31, 422), (2**63, 422), (0, 422)]
)
def test_a_run_that_is_not_there_is_refused_before_anything_waits(ready, kind, run_id, status):
    answer = ready.post(JOBS, json={"kind": kind, "model": "tiny", "run_id": run_id})
    assert answer.status_code == status
    assert answer.json()["hint"]
    assert ready.get(JOBS).json()["items"] == []


def test_only_a_sweep_of_the_same_model_can_be_followed_up(filled, synthetic):
    asked = {"kind": "output", "model": "synthetic-2", "run_id": synthetic.run_id}
    answer = filled.post(JOBS, json=asked)
    assert answer.status_code == 422
    assert "'synthetic'" in answer.json()["detail"]
    runs = filled.get("/api/v1/runs", params={"model": "synthetic", "kind": "output"}).json()
    asked = {"kind": "relate", "model": "synthetic", "run_id": runs["items"][0]["id"]}
    answer = filled.post(JOBS, json=asked)
    assert answer.status_code == 422
    assert "no sweep" in answer.json()["detail"]


def test_the_queue_is_bounded_and_says_what_to_do(empty_app, ready):
    settings = empty_app.state.settings.model_copy(update={"most_queued_jobs": 2})
    empty_app.state.settings = settings
    jobs = [ready.post(JOBS, json=SWEEP) for _ in range(3)]
    assert [answer.status_code for answer in jobs] == [201, 201, 429]
    assert "PATCHCLAMP_MOST_QUEUED_JOBS" in jobs[2].json()["hint"]
    assert int(jobs[2].headers["retry-after"]) > 0
    assert len(ready.get(JOBS).json()["items"]) == 2
    ready.post(f"{JOBS}/{jobs[0].json()['id']}/cancel")
    assert ready.post(JOBS, json=SWEEP).status_code == 201
