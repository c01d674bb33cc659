"""Who may do what: what each route needs. A route that is not here lets nobody in who signed in.

Compatible routes are here once: they have the same need with a slash at their end.
"""

from typing import Final

from fastapi import Request

from app.auth.need import Made, Need, Reach, Subject, Who
from app.auth.rights import Right
from app.auth.subjects import (
    CORPUS,
    EXPERIMENT,
    EXPLANATION,
    FILTERED,
    JOB,
    JOB_NAMES,
    LIST,
    MODEL,
    NAMED_CORPUS,
    NUMBER,
    PLAYGROUND_SHOWS,
    POSTED,
    POSTED_PARENT,
    RUN_ID,
    SENT,
    SENT_ID,
    SENT_PARENT,
)

SEE, RUN, ANNOTATE, REVIEW = Right.SEE, Right.RUN, Right.ANNOTATE, Right.REVIEW
EXPORT, WORK, MANAGE = Right.EXPORT, Right.WORK, Right.MANAGE

OPEN: Final = Need(Who.ANYBODY)
ANY_ACCOUNT: Final = Need(Who.SIGNED_IN)
ANY_OF_MODEL: Final = Need(Who.SIGNED_IN, beside=(FILTERED,))
ADMINISTRATORS: Final = Need(Who.ADMINISTRATOR)

SEEN: Final = Need(SEE, MODEL)
SEEN_RUN: Final = Need(SEE, RUN_ID)
SEEN_JOB: Final = Need(SEE, JOB)
SEEN_EXPERIMENT: Final = Need(SEE, EXPERIMENT)
SEEN_LIST: Final = Need(SEE, LIST)
SEEN_EXPLANATION: Final = Need(SEE, EXPLANATION)
SEEN_ON_UNIT: Final = Need(SEE, NUMBER, beside=(MODEL,))
RUNS: Final = Need(RUN, MODEL)
RUNS_FORK: Final = Need(RUN, MODEL, beside=(SENT_PARENT,))
RUNS_FORM: Final = Need(RUN, MODEL, beside=(POSTED_PARENT,))
RUNS_SENT: Final = Need(RUN, SENT_ID)
RUNS_EXPERIMENT: Final = Need(RUN, EXPERIMENT)
WRITES: Final = Need(ANNOTATE, MODEL)
JUDGES: Final = Need(ANNOTATE, EXPLANATION)
JUDGES_ON_UNIT: Final = Need(ANNOTATE, NUMBER, beside=(MODEL,))
FILLS: Final = Need(ANNOTATE, LIST)
EXPORTS: Final = Need(EXPORT, MODEL)
WORKS: Final = Need(WORK, MODEL)
WORKS_SOMEWHERE: Final = Need(WORK, Reach.SOMEWHERE)
CHANGES_EXPERIMENT: Final = Need(ANNOTATE, EXPERIMENT, others=REVIEW)
DELETES_EXPERIMENT: Final = Need(ANNOTATE, EXPERIMENT, others=MANAGE)
DELETES_LIST: Final = Need(ANNOTATE, LIST, others=MANAGE)
RENAMES_CIRCUIT: Final = Need(ANNOTATE, MODEL, others=REVIEW, made=Made("circuit", "path", "slug"))
DELETES_CIRCUIT: Final = Need(ANNOTATE, MODEL, others=MANAGE, made=Made("circuit", "path", "slug"))
DELETES_TASK: Final = Need(ANNOTATE, MODEL, others=MANAGE, made=Made("task", "path", "slug"))
DELETES_VECTOR: Final = Need(ANNOTATE, MODEL, others=MANAGE, made=Made("vector", "path", "index"))

V1: Final = "/api/v1"
M: Final = "/api/v1/models/{model}"
UNIT: Final = "/api/v1/models/{model}/sites/{site}/units/{index}"
PAGE: Final = "/m/{model}/{site}/{index}"

NEEDS: Final[dict[str, Need]] = {
    # what operators and everybody ask for
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /metrics": Need(SEE, Reach.EVERYWHERE),
    "GET /api/openapi.json": ANY_ACCOUNT,
    "GET /api/docs": ANY_ACCOUNT,
    "GET /glossary": ANY_ACCOUNT,
    # one's way in and out
    "GET /login": OPEN,
    "POST /login": OPEN,
    "GET /login/{secret}": OPEN,
    "POST /login/{secret}": OPEN,
    "POST /logout": ANY_ACCOUNT,
    # what spans models
    "GET /": ANY_ACCOUNT,
    "GET /jump": ANY_ACCOUNT,
    "GET /search": ANY_OF_MODEL,
    "GET /jobs": ANY_ACCOUNT,
    "GET /jobs/running": ANY_ACCOUNT,
    "GET /corpora": ANY_ACCOUNT,
    "GET /lists": ANY_ACCOUNT,
    f"GET {V1}/models": ANY_ACCOUNT,
    f"GET {V1}/search": ANY_OF_MODEL,
    f"GET {V1}/runs": ANY_OF_MODEL,
    f"GET {V1}/jobs": ANY_ACCOUNT,
    f"GET {V1}/corpora": ANY_ACCOUNT,
    f"GET {V1}/lists": ANY_OF_MODEL,
    "POST /api/explanation/search-all": ANY_ACCOUNT,
    "POST /api/vector/list-owned": ANY_ACCOUNT,
    "POST /api/list/list": ANY_ACCOUNT,
    "POST /api/graph/list-owned": ANY_ACCOUNT,
    # a model, read
    f"GET {M}": SEEN,
    f"GET {M}/sites": SEEN,
    f"GET {M}/summaries": SEEN,
    f"GET {M}/random-units": SEEN,
    f"GET {M}/sites/{{site}}/units": SEEN,
    f"GET {UNIT}": SEEN,
    f"GET {UNIT}/exemplars": SEEN,
    f"GET {UNIT}/pool": SEEN,
    f"GET {UNIT}/explanations": SEEN,
    f"GET {UNIT}/circuits": SEEN,
    f"GET {M}/scores": SEEN,
    f"GET {M}/evidence": SEEN,
    f"GET {M}/sites/{{site}}/evidence": SEEN,
    f"GET {M}/experiments": SEEN,
    f"GET {M}/vectors": SEEN,
    f"GET {M}/vectors/{{index}}": SEEN,
    f"GET {M}/tasks": SEEN,
    f"GET {M}/tasks/{{slug}}": SEEN,
    f"GET {M}/circuits": SEEN,
    f"GET {M}/circuits/{{slug}}": SEEN,
    f"GET {M}/circuits/{{slug}}/graph": SEEN,
    f"GET {M}/circuits/{{slug}}/features": SEEN,
    f"GET {M}/circuits/{{slug}}/proofs": SEEN,
    "GET /api/feature/{model}/{source}/{index}": SEEN,
    "GET /api/graph/{model}/{slug}": SEEN,
    "POST /api/explanation/search-model": Need(SEE, SENT_ID),
    "POST /api/explanation/search": Need(SEE, SENT_ID),
    "POST /api/vector/get": Need(SEE, SENT_ID),
    "GET /m/{model}": SEEN,
    "GET /m/{model}/random": SEEN,
    "GET /m/{model}/scores": SEEN,
    "GET /m/{model}/evidence": SEEN,
    "GET /m/{model}/experiments": SEEN,
    "GET /m/{model}/vectors": SEEN,
    "GET /m/{model}/tasks": SEEN,
    "GET /m/{model}/tasks/{slug}": SEEN,
    "GET /m/{model}/circuits": SEEN,
    "GET /m/{model}/circuits/{slug}": SEEN,
    "GET /m/{model}/circuits/{slug}/graph": SEEN,
    "GET /m/{model}/circuits/{slug}/compare": Need(
        SEE, MODEL, beside=(Subject("model", "query", "with", before="/"),)
    ),
    "GET /m/{model}/playground": Need(SEE, MODEL, beside=PLAYGROUND_SHOWS),
    "GET /m/{model}/{site}": SEEN,
    f"GET {PAGE}": SEEN,
    f"GET {PAGE}/live": SEEN,
    f"GET {PAGE}/explanations": SEEN,
    f"GET {PAGE}/explanations/new": SEEN,
    f"GET {PAGE}/explanations/{{number}}": SEEN_ON_UNIT,
    f"GET {PAGE}/explanations/{{number}}/versions": SEEN_ON_UNIT,
    "GET /{model}/{source:source}/{index:index}": SEEN,
    "GET /{model}/graph": SEEN,
    # what has an address of its own, read
    f"GET {V1}/explanations/{{explanation_id}}": SEEN_EXPLANATION,
    f"GET {V1}/explanations/{{explanation_id}}/scores": SEEN_EXPLANATION,
    f"GET {V1}/explanations/{{explanation_id}}/versions": SEEN_EXPLANATION,
    f"GET {V1}/explanations/{{explanation_id}}/evidence": SEEN_EXPLANATION,
    f"GET {V1}/explanations/{{explanation_id}}/evidence/causal": SEEN_EXPLANATION,
    f"GET {V1}/runs/{{run_id}}": SEEN_RUN,
    f"GET {V1}/runs/{{run_id}}/artifacts": SEEN_RUN,
    f"GET {V1}/runs/{{run_id}}/windows": SEEN_RUN,
    f"GET {V1}/corpora/{{corpus}}": Need(SEE, CORPUS),
    f"GET {V1}/corpora/{{corpus}}/documents": Need(SEE, CORPUS),
    f"GET {V1}/corpora/{{corpus}}/documents/{{number}}": Need(SEE, CORPUS),
    f"GET {V1}/jobs/{{job_id}}": SEEN_JOB,
    f"GET {V1}/jobs/{{job_id}}/events": SEEN_JOB,
    f"GET {V1}/experiments/{{slug}}": SEEN_EXPERIMENT,
    f"GET {V1}/lists/{{slug}}": SEEN_LIST,
    "POST /api/list/get": Need(SEE, Subject("list", "json", "listId")),
    "GET /runs/{run_id}": SEEN_RUN,
    "GET /corpora/{name}": Need(SEE, NAMED_CORPUS),
    "GET /corpora/{name}/{number}": Need(SEE, NAMED_CORPUS),
    "GET /jobs/{job_id}": SEEN_JOB,
    "GET /experiments/{slug}": SEEN_EXPERIMENT,
    "GET /lists/{slug}": SEEN_LIST,
    # the loaded model
    f"POST {M}/tokens": RUNS,
    f"POST {M}/activations": RUNS,
    f"POST {M}/search/text": RUNS,
    f"POST {M}/experiments": RUNS_FORK,
    f"POST {M}/generations": RUNS_FORK,
    f"POST {M}/edit-sweeps": RUNS_FORK,
    f"POST {M}/circuits/{{slug}}/prove": RUNS,
    f"POST {M}/circuits/{{slug}}/ablate": RUNS,
    f"POST {M}/circuits/{{slug}}/scrub": RUNS,
    f"POST {V1}/experiments/{{slug}}/continuations": RUNS_EXPERIMENT,
    f"POST {V1}/experiments/{{slug}}/fork": RUNS_EXPERIMENT,
    "POST /api/activation/new": Need(RUN, Subject("model", "json", "feature.modelId")),
    "POST /api/activation/source": RUNS_SENT,
    "POST /api/search-all": RUNS_SENT,
    "POST /api/search-topk-by-token": RUNS_SENT,
    "POST /api/steer": RUNS_SENT,
    "POST /api/steer-chat": RUNS_SENT,
    "GET /m/{model}/text": RUNS,
    "POST /m/{model}/playground": RUNS_FORM,
    "POST /m/{model}/playground/tokens": RUNS_FORM,
    "POST /m/{model}/playground/sweep": RUNS_FORM,
    f"POST {PAGE}/live": RUNS,
    "POST /experiments/{slug}/again": RUNS_EXPERIMENT,
    "POST /experiments/{slug}/continue": RUNS_EXPERIMENT,
    # what people write and keep
    f"POST {UNIT}/explanations": WRITES,
    f"POST {UNIT}/explanations/try": WRITES,
    f"POST {V1}/explanations/{{explanation_id}}/versions": JUDGES,
    f"POST {V1}/explanations/{{explanation_id}}/withdraw": Need(
        ANNOTATE, EXPLANATION, others=REVIEW
    ),
    f"POST {PAGE}/explanations": WRITES,
    f"POST {PAGE}/explanations/try": WRITES,
    f"POST {PAGE}/explanations/{{number}}/withdraw": Need(
        ANNOTATE, NUMBER, beside=(MODEL,), others=REVIEW
    ),
    f"PATCH {V1}/experiments/{{slug}}": CHANGES_EXPERIMENT,
    f"DELETE {V1}/experiments/{{slug}}": DELETES_EXPERIMENT,
    "POST /experiments/{slug}/words": CHANGES_EXPERIMENT,
    "POST /experiments/{slug}/delete": DELETES_EXPERIMENT,
    f"POST {M}/vectors": WRITES,
    f"DELETE {M}/vectors/{{index}}": DELETES_VECTOR,
    "POST /api/vector/new": Need(ANNOTATE, SENT_ID),
    "POST /api/vector/delete": Need(
        ANNOTATE, SENT_ID, others=MANAGE, made=Made("vector", "json", "index")
    ),
    f"POST {V1}/lists": Need(ANNOTATE, SENT, unnamed=Reach.SOMEWHERE),
    f"POST {V1}/lists/{{slug}}/units": FILLS,
    f"DELETE {V1}/lists/{{slug}}/units/{{model}}/{{site}}/{{index}}": Need(
        ANNOTATE, LIST, beside=(MODEL,)
    ),
    f"DELETE {V1}/lists/{{slug}}": DELETES_LIST,
    "POST /api/list/new": Need(ANNOTATE, Reach.SOMEWHERE),
    "POST /api/list/add-features": Need(ANNOTATE, Subject("list", "json", "listId")),
    f"POST {M}/tasks": WRITES,
    f"DELETE {M}/tasks/{{slug}}": DELETES_TASK,
    f"PATCH {M}/circuits/{{slug}}": RENAMES_CIRCUIT,
    f"DELETE {M}/circuits/{{slug}}": DELETES_CIRCUIT,
    "POST /api/graph/delete": Need(
        ANNOTATE, SENT_ID, others=MANAGE, made=Made("circuit", "json", "slug")
    ),
    f"GET {V1}/explanations/{{explanation_id}}/judgements": SEEN_EXPLANATION,
    f"PUT {V1}/explanations/{{explanation_id}}/judgement": JUDGES,
    f"DELETE {V1}/explanations/{{explanation_id}}/judgement": JUDGES,
    f"POST {PAGE}/explanations/{{number}}/judgement": JUDGES_ON_UNIT,
    f"POST {PAGE}/explanations/{{number}}/judgement/take-back": JUDGES_ON_UNIT,
    # data in bulk
    f"GET {M}/statistics": EXPORTS,
    f"GET {M}/explanations.{{form}}": EXPORTS,
    f"GET {M}/circuits/{{slug}}/export": EXPORTS,
    f"GET {M}/circuits/{{slug}}/proofs/{{proof_id}}/rows": EXPORTS,
    f"GET {M}/tasks/{{slug}}/export": EXPORTS,
    f"GET {V1}/runs/{{run_id}}/artifacts/{{sha256}}": Need(EXPORT, RUN_ID),
    f"GET {V1}/experiments/{{slug}}/script": Need(EXPORT, EXPERIMENT),
    # work that is asked for, and what is brought in
    f"POST {V1}/jobs": Need(WORK, SENT, beside=JOB_NAMES),
    f"POST {V1}/jobs/{{job_id}}/cancel": Need(WORK, JOB),
    f"POST {V1}/runs/{{run_id}}/show": Need(WORK, RUN_ID),
    f"POST {M}/circuits/import": WORKS,
    "POST /api/graph/generate": Need(WORK, SENT_ID),
    "POST /api/graph/signed-put": WORKS_SOMEWHERE,
    "PUT /api/graph-uploads/{token}": WORKS_SOMEWHERE,
    "POST /api/graph/save-to-db": WORKS_SOMEWHERE,  # the handler asks of the file's model
    "POST /jobs": Need(WORK, POSTED, beside=(Subject("corpus", "form", "corpus"),)),
    "POST /jobs/{job_id}/cancel": Need(WORK, JOB),
    "POST /runs/{run_id}/show": Need(WORK, RUN_ID),
    "POST /m/{model}/circuits": WORKS,
}

AREAS: Final[dict[str, Need]] = {
    "/account": ANY_ACCOUNT,
    "/api/v1/account": ANY_ACCOUNT,
    "/people": ADMINISTRATORS,
    "/api/v1/people": ADMINISTRATORS,
    "/audit": ADMINISTRATORS,
    "/api/v1/audit": ADMINISTRATORS,
}
"""Where every route, whatever its method, has one need: at this path and below it."""


def need_of(method: str, path: str) -> Need | None:
    """Of a route, by its path as it is written; None: it is in no table."""
    found = NEEDS.get(f"{method} {path}")
    if found is not None:
        return found
    if path.startswith("/api/") and path.endswith("/"):
        return NEEDS.get(f"{method} {path[:-1]}")
    for area, need in AREAS.items():
        if path == area or path.startswith(area + "/"):
            return need
    return None


def need_of_request(request: Request) -> Need | None:
    return need_of(request.method, path_of(request))


def path_of(request: Request) -> str:
    """As the route writes it: `/m/{model}`."""
    return getattr(request.scope.get("route"), "path", "")
