"""What each page needs, and what operators ask for."""

from typing import Final

from app.auth.need import Need, Reach, Subject
from app.auth.needs.named import (
    ANNOTATE,
    ANY_ACCOUNT,
    ANY_OF_MODEL,
    CHANGES_EXPERIMENT,
    DELETES_EXPERIMENT,
    JOB,
    JUDGES_ON_UNIT,
    MANAGES,
    MODEL,
    NAMED_CORPUS,
    NUMBER,
    OPEN,
    PLAYGROUND_SHOWS,
    POSTED,
    REVIEW,
    REVIEWS,
    REVIEWS_NUMBER,
    RUN_ID,
    RUNS,
    RUNS_EXPERIMENT,
    RUNS_FORM,
    SEE,
    SEEN,
    SEEN_EXPERIMENT,
    SEEN_JOB,
    SEEN_LIST,
    SEEN_ON_UNIT,
    SEEN_RUN,
    WORK,
    WORKS,
    WRITES,
)

PAGE: Final = "/m/{model}/{site}/{index}"

PAGE_NEEDS: Final[dict[str, Need]] = {
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
    # a model, read
    "GET /m/{model}": SEEN,
    "GET /m/{model}/random": SEEN,
    "GET /m/{model}/scores": SEEN,
    "GET /m/{model}/evidence": SEEN,
    "GET /m/{model}/agreement": SEEN,  # the handler leaves out what is yet to be judged
    "GET /m/{model}/campaigns/{slug}/agreement": SEEN,
    "GET /m/{model}/disagreements": REVIEWS,
    "GET /m/{model}/campaigns/{slug}/disagreements": REVIEWS,
    "GET /m/{model}/disagreements/{number}": REVIEWS_NUMBER,
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
    "GET /m/{model}/text": SEEN,  # its handler asks for the right to run what is asked
    "GET /m/{model}/{site}": SEEN,
    f"GET {PAGE}": SEEN,
    f"GET {PAGE}/live": SEEN,
    f"GET {PAGE}/explanations": SEEN,
    f"GET {PAGE}/explanations/new": SEEN,
    f"GET {PAGE}/explanations/{{number}}": SEEN_ON_UNIT,
    f"GET {PAGE}/explanations/{{number}}/versions": SEEN_ON_UNIT,
    f"GET {PAGE}/explanations/{{number}}/compare": SEEN_ON_UNIT,
    "GET /{model}/{source:source}/{index:index}": SEEN,
    "GET /{model}/graph": SEEN,
    # what has an address of its own, read
    "GET /runs/{run_id}": SEEN_RUN,
    "GET /corpora/{name}": Need(SEE, NAMED_CORPUS),
    "GET /corpora/{name}/{number}": Need(SEE, NAMED_CORPUS),
    "GET /jobs/{job_id}": SEEN_JOB,
    "GET /experiments/{slug}": SEEN_EXPERIMENT,
    "GET /lists/{slug}": SEEN_LIST,
    # the loaded model
    "POST /m/{model}/playground": RUNS_FORM,
    "POST /m/{model}/playground/tokens": RUNS_FORM,
    "POST /m/{model}/playground/sweep": RUNS_FORM,
    f"POST {PAGE}/live": RUNS,
    "POST /experiments/{slug}/again": RUNS_EXPERIMENT,
    "POST /experiments/{slug}/continue": RUNS_EXPERIMENT,
    # what people write and keep
    f"POST {PAGE}/explanations": WRITES,
    f"POST {PAGE}/explanations/try": WRITES,
    f"POST {PAGE}/explanations/{{number}}/withdraw": Need(
        ANNOTATE, NUMBER, beside=(MODEL,), others=REVIEW
    ),
    "POST /m/{model}/disagreements/{number}": REVIEWS_NUMBER,
    "POST /experiments/{slug}/words": CHANGES_EXPERIMENT,
    "POST /experiments/{slug}/delete": DELETES_EXPERIMENT,
    f"POST {PAGE}/explanations/{{number}}/judgement": JUDGES_ON_UNIT,
    f"POST {PAGE}/explanations/{{number}}/judgement/take-back": JUDGES_ON_UNIT,
    # work that is asked for, and what is brought in
    "POST /jobs": Need(WORK, POSTED, beside=(Subject("corpus", "form", "corpus"),)),
    "POST /jobs/{job_id}/cancel": Need(WORK, JOB),
    "POST /runs/{run_id}/show": Need(WORK, RUN_ID),
    "POST /m/{model}/circuits": WORKS,
    "GET /m/{model}/judgements/import": WORKS,
    "POST /m/{model}/judgements/import": WORKS,
    # who may do what with a model
    "GET /m/{model}/people": MANAGES,
    "POST /m/{model}/people": MANAGES,
    "POST /m/{model}/people/invites": MANAGES,
    "POST /m/{model}/people/invites/{link_id}/withdraw": MANAGES,
}
