"""What a fuzzer that reads our OpenAPI document finds: nothing.

Names are generated as well as taken from the synthetic store, so that both what exists and what
does not is asked for.
"""

import random

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

JOB_STATES = ("succeeded", "failed", "cancelled")

schema = schemathesis.pytest.from_fixture("described")


@pytest.fixture
def described(filled_app, filled, synthetic):
    loaded = schemathesis.openapi.from_asgi(
        "/api/openapi.json", filled_app, config=SchemathesisConfig.from_dict(CONFIG)
    )
    ended = [
        job["id"]
        for state in JOB_STATES
        for job in filled.get("/api/v1/jobs", params={"status": state}).json()["items"]
    ]
    there = {
        "model": ["synthetic", "synthetic-2"],
        "site": ["mlp.0", "attn.1"],
        "source": ["0-mlp", "mlp.1", "1-attn"],
        "index": [0, 1, 2, 3],
        "run_id": [synthetic.run_id],
        "corpus": [corpus["name"] for corpus in filled.get("/api/v1/corpora").json()],
        "number": [0, 1],
        "job_id": ended,
    }

    @loaded.hook("map_path_parameters")
    def take_what_is_there(context, path_parameters):  # noqa: ARG001 - the hook gives it
        if not path_parameters:
            return path_parameters
        chance = random.Random(repr(sorted(path_parameters.items())))  # noqa: S311
        if chance.random() < 0.3:
            return path_parameters
        return {
            name: chance.choice(there[name]) if name in there else value
            for name, value in path_parameters.items()
        }

    return loaded


CURSORED = [
    "GET /api/v1/models/{model}/sites/{site}/units",
    "GET /api/v1/runs",
    "GET /api/v1/jobs",
]
CONFIG = {
    "seed": 1,
    "generation": {"max-examples": 15, "database": "none"},
    # a cursor is opaque: a well-formed one that is none of ours is refused with 422
    "operations": [
        {
            "include-name": name,
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", "404", "409", "422"],
                }
            },
        }
        for name in CURSORED
    ],
}


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_a_fuzzer_finds_nothing(case):
    case.call_and_validate()
