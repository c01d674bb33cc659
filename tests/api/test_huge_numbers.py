"""No number in any address, query or header is an error of the server's."""

import itertools

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

THERE = {
    "model": "synthetic", "site": "mlp.0", "source": "0-mlp", "corpus": "starter",
    "name": "starter", "job_id": "0" * 32, "index": "0", "number": "0", "run_id": "1",
    "sha256": "0" * 64, "explanation_id": "1", "proof_id": "1", "slug": "c2xlZXAtd2Vs",
    "assignment_id": "1", "comment_id": "1",
}  # fmt: skip
HUGE = [
    str(2**31 - 1), str(2**31), str(2**63 - 1), str(2**63), "9" * 30, "9" * 4301, "-1",
    "-" + "9" * 400, "1e400", "٣" * 20, "0" * 4400,
]  # fmt: skip


def routes(app):
    """(path, its parameters, names of its query parameters) of everything that can be read."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and "GET" in context.methods:
            names = [part[1:-1].partition(":")[0] for part in context.path.split("/")
                     if part.startswith("{")]  # fmt: skip
            yield context.path, names, [field.alias for field in route.dependant.query_params]


def fill(path, values):
    parts = [
        values[part[1:-1].partition(":")[0]] if part.startswith("{") else part
        for part in path.split("/")
    ]
    return "/".join(parts)


def test_every_route_is_probed(filled_app):
    paths = {path for path, _, _ in routes(filled_app)}
    assert len(paths) > 25
    assert {"/{model}/{source:source}/{index:index}", "/m/{model}/{site}/{index}"} <= paths


@pytest.mark.parametrize("number", HUGE, ids=lambda number: number[:12] + f"-{len(number)}")
def test_no_number_in_a_path_or_query_breaks_the_server(filled_app, filled, number):
    broken = []
    for path, names, queries in routes(filled_app):
        addresses = [fill(path, THERE | {name: number}) for name in names] or [path]
        asked = itertools.product(addresses[:1], queries)
        urls = addresses + [f"{fill(path, THERE)}?{query}={number}" for _, query in asked]
        for url in urls:
            answer = filled.get(url, follow_redirects=False)
            if answer.status_code >= 500:
                broken.append((url[:100], answer.status_code))
    assert broken == []


@pytest.mark.parametrize("number", HUGE, ids=lambda number: number[:12] + f"-{len(number)}")
def test_no_number_in_a_model_site_or_header_breaks_the_server(filled, number):
    urls = [
        f"/synthetic/{number}-mlp/0", f"/synthetic/0-mlp/{number}", f"/m/synthetic/mlp.{number}",
        f"/api/feature/synthetic/{number}-mlp/0", f"/api/feature/synthetic/0-mlp/{number}",
        f"/jump?to=mlp.{number}/{number}&model=synthetic", f"/m/synthetic/mlp.0/{number}",
    ]  # fmt: skip
    assert [url for url in urls if filled.get(url, follow_redirects=False).status_code >= 500] == []
    if number.isascii():
        headers = {"last-event-id": number, "content-length": number}
        assert filled.post("/api/v1/jobs", headers=headers, json={}).status_code < 500
