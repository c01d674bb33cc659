"""The OpenAPI document: problem responses of every operation, and the words around them."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.problems import MEDIA_TYPE, InvalidField, Problem

Responses = dict[int | str, dict[str, Any]]

DESCRIPTION: Final = (
    "Record from the neurons of a network, explain them, prove or refute the explanation, "
    "intervene. Numbers belong to a run (`run_id`; default: the model's current run) and to a "
    "split (`fit`, `calibration`, `test`, `ood:<domain>`). Lists are paged: give `next_cursor` "
    "back as `cursor`. Errors are RFC 9457 problem documents with a `hint`."
)

TAGS: Final = [
    {"name": "models", "description": "Subject models, their sites, and what is distributed how."},
    {"name": "units", "description": "Neurons and heads: statistics, exemplars, raw activations."},
    {"name": "runs", "description": "Provenance: what computed a number, and how to run it again."},
    {"name": "corpora", "description": "The texts that models were swept over."},
    {
        "name": "jobs",
        "description": "Durable work of the workers: ask for it, watch it, cancel it.",
    },
    {"name": "neuronpedia", "description": "Paths and shapes that Neuronpedia's clients know."},
    {"name": "operations", "description": "For those who keep the server running."},
]

WORDS: Final = {
    400: "The Host header or the body cannot be read.",
    403: "Another site sent the request.",
    404: "There is no such thing.",
    409: "In conflict with what is there.",
    413: "The body is too large.",
    422: "A parameter or the body is not valid; `errors` says where.",
    503: "The store cannot be used now: locked, read-only, full, or not set up.",
}


def problems_of(*statuses: int) -> Responses:
    """Documented problem answers for a route's `responses`, 422 and 503 always among them."""
    return {status: _described(status) for status in sorted({*statuses, 422, 503})}


def describe(app: FastAPI) -> dict[str, Any]:
    """The application's OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary="Neurons of neural networks: recorded, measured, browsable.",
            description=app.description,
            routes=app.routes,
            tags=TAGS,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["InvalidField"] = InvalidField.model_json_schema()
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        problem.pop("$defs")
        schemas["Problem"] = problem
        app.openapi_schema = document
    return app.openapi_schema


def _described(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": WORDS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
