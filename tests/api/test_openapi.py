import re

import pytest

from app.api.describing import WORDS

ASKING_THE_MODEL = (
    "/api/v1/models/{model}/experiments",
    "/api/v1/models/{model}/generations",
    "/api/v1/models/{model}/edit-sweeps",
    "/api/v1/experiments/{slug}/continuations",
    "/api/v1/models/{model}/tokens",
    "/api/v1/models/{model}/activations",
    "/api/v1/models/{model}/search/text",
    "/api/v1/models/{model}/circuits/{slug}/prove",
    "/api/v1/models/{model}/circuits/{slug}/ablate",
    "/api/v1/models/{model}/circuits/{slug}/scrub",
    "/api/activation/new",
    "/api/activation/source",
    "/api/search-all",
    "/api/search-topk-by-token",
    "/api/steer",
    "/api/steer-chat",
)
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document(filled):
    return filled.get("/api/openapi.json").json()


def operations(document):
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield f"{method} {path}", methods[method]


def test_every_path_of_the_issue_is_described(document):
    model = "/api/v1/models/{model}"
    unit = f"{model}/sites/{{site}}/units/{{index}}"
    assert {
        "/api/v1/models",
        model,
        f"{model}/sites",
        f"{model}/summaries",
        f"{model}/random-units",
        f"{model}/statistics",
        f"{model}/explanations.{{form}}",
        f"{model}/sites/{{site}}/units",
        unit,
        f"{unit}/exemplars",
        f"{unit}/pool",
        f"{unit}/explanations",
        f"{unit}/explanations/try",
        f"{model}/scores",
        "/api/v1/explanations/{explanation_id}",
        "/api/v1/explanations/{explanation_id}/evidence",
        "/api/v1/explanations/{explanation_id}/evidence/causal",
        f"{model}/evidence",
        f"{model}/sites/{{site}}/evidence",
        "/api/v1/explanations/{explanation_id}/judgement",
        "/api/v1/explanations/{explanation_id}/judgements",
        "/api/v1/explanations/{explanation_id}/comments",
        "/api/v1/explanations/{explanation_id}/vote",
        "/api/v1/explanations/{explanation_id}/votes",
        f"{unit}/comments",
        f"{model}/circuits/{{slug}}/comments",
        f"{model}/activity",
        "/api/v1/comments/{comment_id}",
        "/api/v1/bookmarks",
        "/api/v1/bookmarks/{bookmark_id}",
        "/api/v1/inbox",
        "/api/v1/inbox/read",
        "/api/v1/events",
        "/api/v1/explanations/{explanation_id}/decisions",
        "/api/v1/explanations/{explanation_id}/compare",
        f"{model}/agreement",
        f"{model}/acceptance",
        f"{model}/disagreements",
        f"{model}/disagreements/{{explanation_id}}",
        f"{model}/judgements.{{form}}",
        f"{model}/judgements/manifest",
        f"{model}/judgements/import",
        "/api/v1/explanations/{explanation_id}/scores",
        "/api/v1/explanations/{explanation_id}/versions",
        "/api/v1/explanations/{explanation_id}/withdraw",
        f"{model}/experiments",
        "/api/v1/experiments/{slug}",
        "/api/v1/experiments/{slug}/fork",
        "/api/v1/experiments/{slug}/script",
        f"{model}/vectors",
        f"{model}/vectors/{{index}}",
        f"{model}/tasks",
        f"{model}/tasks/{{slug}}",
        f"{model}/tasks/{{slug}}/export",
        f"{model}/circuits",
        f"{model}/circuits/{{slug}}",
        f"{model}/circuits/{{slug}}/graph",
        f"{model}/circuits/{{slug}}/export",
        f"{model}/circuits/import",
        f"{model}/circuits/{{slug}}/proofs",
        f"{model}/circuits/{{slug}}/proofs/{{proof_id}}/rows",
        f"{model}/circuits/{{slug}}/features",
        f"{unit}/circuits",
        "/api/v1/lists",
        "/api/v1/lists/{slug}",
        "/api/v1/lists/{slug}/units",
        "/api/v1/lists/{slug}/units/{model}/{site}/{index}",
        "/api/v1/search",
        "/api/v1/runs",
        "/api/v1/runs/{run_id}",
        "/api/v1/runs/{run_id}/show",
        "/api/v1/runs/{run_id}/artifacts",
        "/api/v1/runs/{run_id}/artifacts/{sha256}",
        "/api/v1/runs/{run_id}/windows",
        f"{model}/people",
        f"{model}/people/{{name}}",
        f"{model}/invites",
        f"{model}/invites/{{link_id}}",
        "/api/v1/exports",
        "/api/v1/exports/{export_id}/decision",
        "/api/v1/audit",
        "/api/v1/audit/verification",
        "/api/v1/corpora",
        "/api/v1/corpora/{corpus}",
        "/api/v1/corpora/{corpus}/documents",
        "/api/v1/corpora/{corpus}/documents/{number}",
        "/api/v1/jobs",
        "/api/v1/jobs/{job_id}",
        "/api/v1/jobs/{job_id}/cancel",
        "/api/v1/jobs/{job_id}/events",
        "/api/feature/{model}/{source}/{index}",
        "/api/explanation/search",
        "/api/explanation/search-all",
        "/api/explanation/search-model",
        "/api/vector/new",
        "/api/vector/get",
        "/api/vector/list-owned",
        "/api/vector/delete",
        "/api/list/new",
        "/api/list/add-features",
        "/api/list/get",
        "/api/list/list",
        "/api/list/remove",
        "/api/list/update",
        "/api/list/delete",
        "/api/comment/new",
        "/api/comment/delete",
        "/api/bookmark/add",
        "/api/bookmark/delete",
        "/api/user/bookmarks",
        "/api/graph/{model}/{slug}",
        "/api/graph/list-owned",
        "/api/graph/delete",
        "/api/graph/signed-put",
        "/api/graph-uploads/{token}",
        "/api/graph/save-to-db",
        "/api/graph/generate",
        *ASKING_THE_MODEL,
        "/api/v1/models/{model}/campaigns",
        "/api/v1/models/{model}/campaigns/{slug}",
        "/api/v1/models/{model}/campaigns/{slug}/pause",
        "/api/v1/models/{model}/campaigns/{slug}/resume",
        "/api/v1/models/{model}/campaigns/{slug}/end",
        "/api/v1/models/{model}/campaigns/{slug}/guidelines",
        "/api/v1/models/{model}/campaigns/{slug}/progress",
        "/api/v1/models/{model}/campaigns/{slug}/next",
        "/api/v1/models/{model}/campaigns/{slug}/assignments/{assignment_id}",
        "/api/v1/models/{model}/campaigns/{slug}/assignments/{assignment_id}/windows",
        "/api/v1/models/{model}/campaigns/{slug}/assignments/{assignment_id}/submit",
        "/api/v1/models/{model}/campaigns/{slug}/assignments/{assignment_id}/skip",
        "/api/v1/models/{model}/campaigns/{slug}/assignments/{assignment_id}/draft",
        "/api/v1/account",
        "/api/v1/account/tokens",
        "/api/v1/account/tokens/{token_id}",
        "/healthz",
        "/readyz",
        "/metrics",
    } == document["paths"].keys()


def test_every_operation_has_words_and_a_known_tag(document):
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= tags, name


def test_every_parameter_has_words_and_an_example_or_default(document):
    for name, operation in operations(document):
        for parameter in operation.get("parameters", []):
            label = f"{name} {parameter['name']}"
            assert parameter["description"], label
            schema = parameter["schema"]
            assert parameter["name"] == "cursor" or schema.get("examples"), label


def test_every_error_is_described_as_a_problem_document(document):
    for name, operation in operations(document):
        if operation["tags"] == ["operations"]:
            continue
        statuses = operation["responses"].keys()
        assert {"422", "503"} <= statuses, name
        for status in statuses - {"200", "201", "202", "206"}:
            content = operation["responses"][status]["content"]
            assert content.keys() == {"application/problem+json"}, f"{name} {status}"


def test_every_success_says_what_it_returns(document):
    for name, operation in operations(document):
        answers = [operation["responses"][s] for s in operation["responses"] if s.startswith("2")]
        assert answers, name
        assert all(content for one in answers for content in one["content"].values()), name


def test_every_reference_leads_somewhere(document):
    schemas = document["components"]["schemas"].keys()
    assert set(re.findall(r'#/components/schemas/([^"\']+)', str(document))) <= schemas
    assert "HTTPValidationError" not in schemas


def test_the_reference_page_shows_every_operation_without_a_script(filled, document):
    page = filled.get("/api/docs", headers={"accept": "text/html"})
    assert page.status_code == 200
    for name, _ in operations(document):
        method, path = name.split(" ")
        assert f"{method.upper()} {path}" in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert "style=" not in page.text
    assert "://" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', page.text))


def test_a_problem_type_leads_to_its_words_on_the_reference_page(filled):
    page = filled.get("/api/docs").text
    for status in WORDS:
        assert f'id="problem-{status}"' in page


def test_where_there_may_be_too_much_at_once_a_429_is_described(document):
    found = {name for name, operation in operations(document) if "429" in operation["responses"]}
    assert found == {
        "post /api/v1/jobs",
        "post /api/v1/exports",
        "get /api/v1/jobs/{job_id}/events",
        "get /api/v1/events",
        "get /api/v1/models/{model}/statistics",
        "get /api/v1/models/{model}/explanations.{form}",
        "get /api/v1/models/{model}/circuits/{slug}",
        "get /api/v1/models/{model}/circuits/{slug}/graph",
        "get /api/v1/models/{model}/circuits/{slug}/export",
        "post /api/v1/models/{model}/circuits/import",
        "post /api/graph/list-owned",
        "post /api/graph/signed-put",
        "put /api/graph-uploads/{token}",
        "post /api/graph/save-to-db",
        "post /api/graph/generate",
        "get /api/v1/explanations/{explanation_id}/evidence",
        "post /api/v1/explanations/{explanation_id}/versions",
        "post /api/v1/explanations/{explanation_id}/decisions",
        "get /api/v1/models/{model}/judgements.{form}",
        "post /api/v1/models/{model}/judgements/import",
        "post /api/v1/models/{model}/sites/{site}/units/{index}/explanations",
        "post /api/v1/models/{model}/sites/{site}/units/{index}/explanations/try",
        *(f"post {path}" for path in ASKING_THE_MODEL),
    }
