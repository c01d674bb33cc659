from fastapi import FastAPI
from sqlalchemy.exc import DataError, OperationalError
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from app.errors import ConflictError, UnavailableError

BROWSER = {"accept": "text/html,application/xhtml+xml"}


def fail_with(app: FastAPI, error: Exception) -> None:
    @app.get("/fails")
    def fail():
        raise error


def test_an_unknown_api_path_is_a_problem_document_even_for_a_browser(empty):
    answer = empty.get("/api/v1/nothing/at/all", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 404
    assert problem["instance"] == "/api/v1/nothing/at/all"
    assert problem["type"] == "/api/docs#problem-404"
    assert {"title", "detail", "request_id"} <= problem.keys()


def test_a_browser_that_asks_for_a_page_gets_a_page(empty):
    answer = empty.get("/static/nothing.css", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1" in answer.text


def test_a_wrong_method_is_named_with_those_that_work(empty):
    answer = empty.delete("/api/v1/models")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["status"] == 405


def test_a_path_with_two_methods_names_both(empty):
    assert empty.put("/api/v1/jobs").headers["allow"] == "GET, POST"


def test_our_own_errors_keep_their_words_and_hint(empty_app, empty):
    fail_with(empty_app, ConflictError("It is there.", hint="Take another name."))
    answer = empty.get("/fails")
    assert answer.status_code == 409
    assert answer.json()["detail"] == "It is there."
    assert answer.json()["hint"] == "Take another name."


def test_a_store_that_is_away_is_a_503(empty_app, empty):
    fail_with(empty_app, UnavailableError("The database is locked.", hint="Try again."))
    assert empty.get("/fails").status_code == 503


def test_a_database_error_that_nobody_worded_is_a_503_without_its_text(empty_app, empty):
    fail_with(empty_app, OperationalError("SELECT secret", {}, Exception("inner secret")))
    answer = empty.get("/fails")
    assert answer.status_code == 503
    assert "secret" not in answer.text


def test_a_value_that_the_database_cannot_hold_is_a_422(empty_app, empty):
    fail_with(empty_app, DataError("SELECT secret", {}, Exception("inner secret")))
    assert empty.get("/fails").status_code == 422


def test_a_crash_tells_nothing_of_the_inside_but_an_id_that_the_log_has(empty_app, empty):
    fail_with(empty_app, RuntimeError("inner secret"))
    with capture_logs() as lines:
        answer = empty.get("/fails")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "content-security-policy" in answer.headers
    assert [line["event"] for line in lines] == ["request.crashed", "request"]
    assert lines[0]["exc_info"]


def test_a_crash_is_a_page_for_a_browser(empty_app, empty):
    fail_with(empty_app, RuntimeError("inner secret"))
    answer = empty.get("/fails", headers=BROWSER)
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "secret" not in answer.text


def test_script_in_a_path_is_escaped_on_the_error_page(empty):
    answer = empty.get("/static/<script>alert(1)</script>", headers=BROWSER)
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_a_broken_body_is_named_with_its_place(empty: TestClient):
    answer = empty.post(
        "/api/v1/jobs", content=b'{"kind": ', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["location"][0] == "body"


def test_values_that_json_cannot_carry_still_make_a_problem_document(empty: TestClient):
    for value in ("NaN", "1e999", '"\\ud800"', '{"\\udfff": NaN}', "9" * 400, '"\\u0000"'):
        answer = empty.post(
            "/api/v1/jobs",
            content=f'{{"kind": "sweep", "model": "m", "corpus": "c", "seed": {value}}}',
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 422, value
        assert answer.json()["errors"], value


def test_bytes_that_are_no_json_are_a_422(empty: TestClient):
    answer = empty.post("/api/v1/jobs", content=b"\xff\xfe\x00", headers={"content-type": "text/x"})
    assert answer.status_code == 422


def test_bytes_that_are_no_utf_8_are_a_400_or_422(empty: TestClient):
    answer = empty.post(
        "/api/v1/jobs", content=b'"\xff\xfe"', headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_parameter_that_an_operation_does_not_have_is_refused_with_the_one_that_is_meant(filled):
    wrong = filled.get("/api/v1/models/synthetic/sites/mlp.0/units/5", params={"run": 1})
    assert wrong.status_code == 422
    (error,) = wrong.json()["errors"]
    assert error["location"] == ["query", "run"]
    assert "'run_id'" in error["message"]


def test_a_misspelt_filter_filters_nothing_in_silence_nowhere(filled):
    wrong = filled.get("/api/v1/models/synthetic/sites/mlp.0/units", params={"density_mim": 0.1})
    assert "'density_min'" in wrong.json()["errors"][0]["message"]
    for path in ("/api/v1/models", "/api/v1/jobs", "/api/v1/runs/1", "/api/v1/corpora"):
        wrong = filled.get(path, params={"qqq": 1})
        assert wrong.status_code == 422, path
        assert "no such parameter" in wrong.json()["errors"][0]["message"]
