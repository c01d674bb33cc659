import re
from pathlib import Path

from sqlalchemy import text
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from app.main import create_app
from app.settings import Settings


def test_a_process_is_healthy_without_a_store(tmp_path: Path):
    with TestClient(create_app(Settings(data=tmp_path))) as client:
        assert client.get("/healthz").json() == {"status": "ok"}


def test_a_store_that_was_not_set_up_is_not_ready_and_says_what_to_do(tmp_path: Path):
    with TestClient(create_app(Settings(data=tmp_path))) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "patchclamp db upgrade" in answer.json()["hint"]


def test_a_store_that_cannot_be_reached_is_not_ready(tmp_path: Path):
    settings = Settings(data=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    with TestClient(create_app(settings)) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_store_newer_than_the_code_is_not_ready(empty_app, empty):
    with empty_app.state.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))
    answer = empty.get("/readyz")
    assert answer.status_code == 503
    assert "newer" in answer.json()["detail"]


def test_a_migrated_store_is_ready(empty):
    assert empty.get("/readyz").json() == {"status": "ok", "inference": "down"}


def test_metrics_say_that_no_inference_service_runs(empty):
    assert "patchclamp_inference_up 0.0" in empty.get("/metrics").text


def test_metrics_count_requests_by_route_template_and_jobs_by_state(empty):
    empty.get("/api/v1/models/nothing")
    empty.get("/api/v1/models/nowhere")
    empty.get("/unknown/1")
    text = empty.get("/metrics").text
    route = 'method="GET",route="/api/v1/models/{model}",status="404"'
    assert f"patchclamp_request_seconds_count{{{route}}} 2.0" in text
    assert 'patchclamp_jobs{status="queued"} 0.0' in text
    assert "nowhere" not in text
    assert "/unknown/1" not in text


def test_every_answer_says_how_long_it_took_and_which_request_it_was(empty):
    answer = empty.get("/healthz")
    assert re.fullmatch(r"total;dur=\d+\.\d\d", answer.headers["server-timing"])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_a_request_id_that_was_given_is_kept_unless_it_is_strange(empty):
    given = empty.get("/healthz", headers={"x-request-id": "trace-1"})
    assert given.headers["x-request-id"] == "trace-1"
    strange = empty.get("/healthz", headers={"x-request-id": "a b"})
    assert strange.headers["x-request-id"] != "a b"


def test_each_request_leaves_one_log_line(empty):
    with capture_logs() as lines:
        empty.get("/api/v1/models/nothing")
    (line,) = lines
    assert line["route"] == "/api/v1/models/{model}"
    assert line["status"] == 404
    assert line["milliseconds"] > 0
