"""What a fuzzer that reads our OpenAPI document finds: nothing.

Names are generated as well as taken from the synthetic store, so that both what exists and what
does not is asked for. The document is read without a store; the requests go to the one with.
"""

import random
import re

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from starlette.types import Receive, Scope, Send

from app import api
from app.api.parameters import JOB, LARGEST, NAME
from app.store.assigning import hand_out
from app.store.campaigning import Plan, create_campaign
from app.store.choice import Choice
from app.store.commenting import comment
from app.store.engine import open_session
from app.store.experimenting import create_experiment
from app.store.listing import create_unit_list
from app.store.slugs import SLUG, is_named
from app.store.steering import create_vector
from app.store.topics import unit_topic
from app.store.writing_circuits import keep_circuit, keep_proof
from app.store.writing_tasks import keep_task
from tests.store.circuits import elsewhere, imported, proof
from tests.store.experiments import conducted

LISTS_WITH_CURSOR = (
    "GET /api/v1/models/{model}/sites/{site}/units",
    "GET /api/v1/corpora/{corpus}/documents",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/pool",
    "GET /api/v1/runs",
    "GET /api/v1/runs/{run_id}/windows",
    "GET /api/v1/jobs",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/explanations",
    "GET /api/v1/models/{model}/sites/{site}/evidence",
    "GET /api/v1/explanations/{explanation_id}/versions",
    "GET /api/v1/search",
    "GET /api/v1/models/{model}/experiments",
    "GET /api/v1/models/{model}/vectors",
    "GET /api/v1/models/{model}/tasks",
    "GET /api/v1/models/{model}/circuits",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/circuits",
    "GET /api/v1/models/{model}/campaigns",
    "GET /api/v1/models/{model}/disagreements",
    "GET /api/v1/lists",
    "GET /api/v1/audit",
    "GET /api/v1/exports",
    "GET /api/v1/bookmarks",
    "GET /api/v1/inbox",
    "GET /api/v1/models/{model}/activity",
    "GET /api/v1/models/{model}/sites/{site}/units/{index}/comments",
    "GET /api/v1/models/{model}/circuits/{slug}/comments",
    "GET /api/v1/explanations/{explanation_id}/comments",
)
TAKING_PROGRAMS = (
    "POST /api/v1/models/{model}/sites/{site}/units/{index}/explanations",
    "POST /api/v1/models/{model}/sites/{site}/units/{index}/explanations/try",
    "POST /api/v1/explanations/{explanation_id}/versions",
)
JUDGING = (
    "PUT /api/v1/explanations/{explanation_id}/judgement",
    "POST /api/v1/explanations/{explanation_id}/decisions",
    "POST /api/v1/models/{model}/judgements/import",
    "POST /api/v1/models/{model}/campaigns/{slug}/assignments/{assignment_id}/submit",
    "PUT /api/v1/models/{model}/campaigns/{slug}/assignments/{assignment_id}/draft",
)
TALKING = (
    "POST /api/v1/models/{model}/sites/{site}/units/{index}/comments",
    "POST /api/v1/models/{model}/circuits/{slug}/comments",
    "POST /api/v1/explanations/{explanation_id}/comments",
    "GET /api/v1/comments/{comment_id}",
    "PATCH /api/v1/comments/{comment_id}",
    "PUT /api/v1/explanations/{explanation_id}/vote",
    "POST /api/v1/bookmarks",
    "POST /api/v1/inbox/read",
    "POST /api/comment/new",
    "POST /api/comment/delete",
    "POST /api/bookmark/add",
    "POST /api/bookmark/delete",
)
CHOOSING = ("POST /api/v1/models/{model}/campaigns",)
TAKING_TASKS_AND_TITLES = (
    "POST /api/v1/models/{model}/tasks",
    "PATCH /api/v1/models/{model}/circuits/{slug}",
)
TELLING_ROWS = ("GET /api/v1/models/{model}/circuits/{slug}/proofs/{proof_id}/rows",)
TAKING_VECTORS_AND_LISTS = (
    "POST /api/v1/models/{model}/vectors",
    "POST /api/v1/lists",
    "POST /api/v1/lists/{slug}/units",
    "PATCH /api/v1/lists/{slug}",
    "GET /api/v1/experiments/{slug}/script",
    "POST /api/vector/new",
    "POST /api/vector/get",
    "POST /api/vector/delete",
    "POST /api/list/new",
    "POST /api/list/add-features",
    "POST /api/list/update",
    "POST /api/list/remove",
    "POST /api/list/delete",
)
WITHOUT_AN_ACCOUNT = ("POST /api/v1/account/tokens",)
SHARING_PATHS = ("POST /api/v1/models/{model}/circuits/import",)
TAKING_GRAPHS = (
    "PUT /api/graph-uploads/{token}",
    "POST /api/graph/generate",
)
ASKING_THE_MODEL = (
    "POST /api/v1/models/{model}/experiments",
    "POST /api/v1/models/{model}/generations",
    "POST /api/v1/models/{model}/edit-sweeps",
    "POST /api/v1/experiments/{slug}/continuations",
    "POST /api/v1/models/{model}/tokens",
    "POST /api/v1/models/{model}/activations",
    "POST /api/v1/models/{model}/search/text",
    "POST /api/v1/models/{model}/circuits/{slug}/prove",
    "POST /api/v1/models/{model}/circuits/{slug}/ablate",
    "POST /api/v1/models/{model}/circuits/{slug}/scrub",
    "POST /api/activation/new",
    "POST /api/activation/source",
    "POST /api/search-all",
    "POST /api/search-topk-by-token",
    "POST /api/steer",
    "POST /api/steer-chat",
)
# a cursor is opaque: a well-formed one that is none of ours is refused, which no schema can say
# so is a program that cannot be read; and only what counts now can be edited or withdrawn;
# a decision has a reason, and a file of judgements is one;
# a campaign judges what there is, and its range has two ends in their order;
# what is said is not blank, and an explanation counts, and is in no campaign that goes on;
# older proofs have no rows;
# a task's prompts are equally long and of the model's tokens, and titles are not blank;
# a graph has nodes of a model's layers, and none is made of one prompt;
# a vector has as many numbers as its model's stream, and names are not blank;
# a prompt is one of three things, and what an edit needs depends on its operation
REFUSING = {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}}
# what is too much for a list may be too much for a body first
TOO_LARGE = {"expected-statuses": ["400", "404", "405", "413", "422"]}
# words are printable, and only what leaves a sealed server is asked for
# no inference service runs here; with one they are asked in tests/live
NOT_RUNNING = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422", "503"]},
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
}
ASKING_IN_WORDS = (
    "POST /api/v1/models/{model}/invites",
    "POST /api/v1/exports",
    "POST /api/v1/exports/{export_id}/decision",
)
REFUSED = (
    *ASKING_IN_WORDS,
    *LISTS_WITH_CURSOR,
    *TAKING_PROGRAMS,
    *TAKING_TASKS_AND_TITLES,
    *TELLING_ROWS,
    *JUDGING,
    *CHOOSING,
    *TALKING,
    *TAKING_GRAPHS,
    *TAKING_VECTORS_AND_LISTS,
)
# a word that stands where a slug could stand: that of no circuit, whose methods it seems to have
SHARING = REFUSING | {"allow_header_conformance": {"enabled": False}}
# nobody has an account that could have a token, whatever the body is
NOBODY = REFUSING | {
    "negative_data_rejection": {"expected-statuses": [*TOO_LARGE["expected-statuses"], "409"]}
}
CONFIG = {
    "seed": 1,
    "checks": {"negative_data_rejection": TOO_LARGE},
    "operations": [{"include-name": name, "checks": REFUSING} for name in REFUSED]
    + [{"include-name": name, "checks": SHARING} for name in SHARING_PATHS]
    + [{"include-name": name, "checks": NOBODY} for name in WITHOUT_AN_ACCOUNT]
    + [{"include-name": name, "checks": NOT_RUNNING} for name in ASKING_THE_MODEL],
}
PATTERNS = {"job_id": JOB, "slug": SLUG}
THERE: dict[str, list[str | int]] = {
    "model": ["synthetic", "synthetic-2"],
    "site": ["mlp.0", "attn.1"],
    "source": ["0-mlp", "mlp.1", "1-attn"],
    "index": [0, 1, 2, 3],
    "number": [0, 1],
}


class UnderTest:
    """First an application without a store, to read the document from; then the one with."""

    def __init__(self) -> None:
        self.app = FastAPI(title="Patchclamp", generate_unique_id_function=lambda r: r.name)
        api.install(self.app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


under_test = UnderTest()
schema = schemathesis.openapi.from_asgi(
    "/api/openapi.json", under_test, config=SchemathesisConfig.from_dict(CONFIG)
)


def are_well_formed(parameters: dict[str, object]) -> bool:
    return all(
        re.fullmatch(PATTERNS.get(name, NAME), value)
        if isinstance(value, str)
        else type(value) is int and 0 <= value <= LARGEST
        for name, value in parameters.items()
    )


@schema.hook("map_path_parameters")
def take_what_is_there(context, path_parameters):  # noqa: ARG001 - the hook gives it
    chance = random.Random(repr(path_parameters))  # noqa: S311 - no secret
    if not path_parameters or chance.random() < 0.3 or not are_well_formed(path_parameters):
        return path_parameters  # what is wrong on purpose stays wrong
    return {
        name: chance.choice(THERE[name]) if name in THERE else value
        for name, value in path_parameters.items()
    }


def keep_some(app: FastAPI) -> list[str]:
    """Experiments, lists and vectors, and the slugs of the first two, under which there are tasks,
    campaigns of which an item is held, and circuits, each with a proof: many, because what is
    deleted is not there for what comes after."""
    with open_session(app.state.engine, commit=True) as session:
        made = [
            create_experiment(
                session, model="synthetic", conducted=conducted(f"{n}"), actor="local owner"
            )
            for n in range(20)
        ]
        lists = [create_unit_list(session, name="A", actor="local owner") for _ in range(20)]
        for _ in range(4):
            create_vector(
                session, model="synthetic", site="resid.0", label="up", values=[0.5] * 64,
                actor="local owner",
            )  # fmt: skip
        slugs = [one.slug for one in (*made, *lists) if is_named(one.slug)]
        for slug in slugs:
            keep_task(session, model="synthetic", task=imported(), actor="local owner", slug=slug)
            keep_circuit(
                session, model="synthetic", circuit=elsewhere(), actor="local owner", slug=slug
            )
            keep_proof(session, model="synthetic", slug=slug, proof=proof())
            plan = Plan(title="C", slug=slug, choice=Choice(n=2))
            create_campaign(session, model="synthetic", plan=plan, actor="local owner")
            hand_out(session, model="synthetic", slug=slug, actor="local owner")
    return slugs


def say_some(app: FastAPI) -> int:
    """Comments, which are withdrawn one by one; how many."""
    with open_session(app.state.engine, commit=True) as session:
        topic = unit_topic(session, model="synthetic", site="mlp.0", index=1)
        said = [comment(session, topic, text=f"{n}", actor="local owner") for n in range(20)]
    return len(said)


@pytest.fixture(scope="module", autouse=True)
def _fuzzed_app(filled_app, filled, synthetic):
    under_test.app = filled_app
    ended = [
        job["id"]
        for state in ("succeeded", "failed", "cancelled")
        for job in filled.get("/api/v1/jobs", params={"status": state}).json()["items"]
    ]
    corpora = [corpus["name"] for corpus in filled.get("/api/v1/corpora").json()]
    slugs = keep_some(filled_app)
    THERE.update(slug=slugs, job_id=ended, corpus=corpora, run_id=[synthetic.run_id])
    THERE.update(proof_id=[*range(1, len(slugs) + 1)])
    THERE.update(comment_id=[*range(1, 1 + say_some(filled_app))])
    THERE.update(assignment_id=[*range(1, len(slugs) + 1)])


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_a_fuzzer_finds_nothing(case):
    case.call_and_validate()
