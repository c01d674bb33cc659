"""Bodies and texts that are made to break a parser, a database or a memory get an answer."""

import pytest

BROWSER = {"accept": "text/html"}
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b'{"kind":' * DEEP,
        b'{"kind":"sweep","sampling":' + b'{"fit":' * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"kind":"sweep","model":"' + b"x" * 900_000 + b'","corpus":"c"}',
        b'{"kind":"sweep","seed":' + b"9" * 900_000 + b"}",
        b'{"kind":"output","model":"m","run_id":' + b"9" * 5000 + b"}",
        b'{"kind":"sweep","threshold":1e' + b"9" * 5000 + b"}",
        b'{"' + b"k" * 900_000 + b'":1}',
        b"{" + b",".join(b'"%d":1' % n for n in range(80_000)) + b"}",
        b'"\\ud800"',
        b"\x00",
        b"",
    ],
    ids=lambda body: f"{body[:24]!r}-{len(body)}",
)
def test_a_body_that_is_made_to_break_the_parser_is_refused(filled, body):
    answer = filled.post("/api/v1/jobs", content=body, headers=JSON)
    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 20_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"task":' * DEEP,
        b'{"task":{"pairs":' + b"[" * DEEP,
        b'{"task":{"name":"' + b"x" * 900_000 + b'"}}',
        b'{"task":{"source":{"kind":' + b"9" * 5000 + b"}}}",
        b'{"slug":"a","task":{"pairs":[' + b",".join([b"{}"] * 80_000) + b"]}}",
        b'{"task":{"pairs":[' + b"1," * 1_000_000 + b"1]}}",
    ],
    ids=lambda body: f"{body[:24]!r}-{len(body)}",
)
def test_a_task_that_is_made_to_break_the_parser_is_refused(filled, body):
    answer = filled.post("/api/v1/models/synthetic/tasks", content=body, headers=JSON)
    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 20_000


@pytest.mark.parametrize(
    "body",
    [
        "&".join(f"f{n}=1" for n in range(80_000)),
        "model=" + "x" * 900_000,
        "model=m&corpus=c&seed=" + "9" * 5000,
        "model=$(reboot)&corpus=c",
        "model=m%00&corpus=c",
        "model=m&corpus=c&window_length=" + str(2**63),
        "%" * 1000,
    ],
    ids=lambda body: f"{body[:20]}-{len(body)}",
)
def test_a_form_that_is_made_to_break_something_is_refused(filled, body):
    answer = filled.post("/jobs", content=body, headers=FORM | BROWSER, follow_redirects=False)
    assert answer.status_code in (400, 413, 422)
    assert len(answer.content) < 40_000


@pytest.mark.parametrize("text", ["%00", "%ff", "%ed%a0%80", "%F0%9F%92%A9" * 500, "..%2f..", "'"])
def test_texts_that_no_name_has_are_missing_or_refused(filled, text):
    paths = [
        f"/m/{text}", f"/m/synthetic/{text}", f"/m/{text}/mlp.0/1", f"/corpora/{text}",
        f"/jobs/{text}", f"/jobs?status={text}", f"/jobs?cursor={text}", f"/jump?to={text}",
        f"/corpora/starter?cursor={text}", f"/m/synthetic?split={text}",
        f"/m/synthetic/mlp.0?sort={text}&cursor={text}", f"/m/synthetic/mlp.0/1?split={text}",
        f"/static/{text}", f"/api/v1/{text}", f"/m/synthetic/tasks/{text}",
        f"/m/synthetic/tasks?cursor={text}", f"/m/synthetic/circuits/{text}",
        f"/m/synthetic/circuits?cursor={text}", f"/api/v1/models/synthetic/tasks/{text}/export",
    ]  # fmt: skip
    answers = {path: filled.get(path, headers=BROWSER).status_code for path in paths}
    assert {path: status for path, status in answers.items() if status >= 500} == {}
