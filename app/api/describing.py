"""The OpenAPI document: problem responses of every operation, and the words around them."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.auth.admitting import OPEN
from app.problems import MEDIA_TYPE, InvalidField, Problem

Responses = dict[int | str, dict[str, Any]]

DESCRIPTION: Final = (
    "Record from the neurons of a network, explain them, prove or refute the explanation, "
    "intervene. Numbers belong to a run (`run_id`; default: the model's current run) and to a "
    "split (`fit`, `calibration`, `test`, `ood:<domain>`). Lists are paged: give `next_cursor` "
    "back as `cursor`. Errors are RFC 9457 problem documents with a `hint`. Where people have "
    "accounts, a token lets in: `Authorization: Bearer pc_…`, made at /account."
)

TAGS: Final = [
    {"name": "models", "description": "Subject models, their sites, and what is distributed how."},
    {"name": "units", "description": "Neurons and heads: statistics, exemplars, raw activations."},
    {
        "name": "explanations",
        "description": "Claims about units, and what became of them when they were tested.",
    },
    {
        "name": "campaigns",
        "description": "Explanations that a team judges together, blind.",
    },
    {
        "name": "agreement",
        "description": "How far people agree on explanations, and how disagreements are settled.",
    },
    {
        "name": "search",
        "description": "Units by what explanations say, and by the tokens they fire on or write.",
    },
    {"name": "live", "description": "What the loaded model says of a text now; nothing is kept."},
    {
        "name": "experiments",
        "description": "What was changed in a network on a prompt, and what that changed.",
    },
    {"name": "tasks", "description": "Pairs of prompts with a metric: what circuits are found on."},
    {
        "name": "circuits",
        "description": "Neurons and heads that make a model do one thing, with the proof.",
    },
    {"name": "vectors", "description": "Directions of the residual stream, kept to steer with."},
    {"name": "lists", "description": "Units that somebody put together."},
    {
        "name": "people",
        "description": "What people say to each other, vote, mark, are told, and do.",
    },
    {"name": "runs", "description": "Provenance: what computed a number, and how to run it again."},
    {"name": "corpora", "description": "The texts that models were swept over."},
    {
        "name": "jobs",
        "description": "Durable work of the workers: ask for it, watch it, cancel it.",
    },
    {
        "name": "account",
        "description": "Whose request it is, and the tokens that let programs in.",
    },
    {"name": "people", "description": "Who may do what with a model, and invites to it."},
    {"name": "neuronpedia", "description": "Paths and shapes that Neuronpedia's clients know."},
    {"name": "operations", "description": "For those who keep the server running."},
]

WORDS: Final = {
    400: "The Host header or the body cannot be read.",
    401: "Nobody is signed in, and there is no token that lets in. While nobody has an account, "
    "nobody needs to.",
    403: "Another site sent the request, or whoever did may not do this.",
    404: "There is no such thing.",
    405: "Not this method; `Allow` names those that work.",
    408: "The body took too long to arrive.",
    409: "In conflict with what is there.",
    413: "The body is too large.",
    429: "More at once than this server takes on; `Retry-After` says when to try again.",
    416: "The range lies outside the file; `Content-Range` says how long it is.",
    422: "A parameter or the body is not valid; `errors` says where.",
    500: "The server failed; its log has the reason under the request id.",
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
        _name_ways_in(document)
        _require_kinds(schemas)
        _forget_nulls(document["paths"])
        _count_in_integers(document)
        app.openapi_schema = document
    return app.openapi_schema


WAYS_IN: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token, made at /account: `Authorization: Bearer pc_…`.",
    },
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "The same token, as Neuronpedia's clients send it.",
    },
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": "patchclamp",
        "description": "The cookie of a browser that is signed in; with the port in its name "
        "where the address has one.",
    },
}


def _name_ways_in(document: dict[str, Any]) -> None:
    """Of every operation but those that tell whether the server is well; none is needed while
    nobody has an account."""
    document["components"]["securitySchemes"] = WAYS_IN
    document["security"] = [{name: []} for name in WAYS_IN] + [{}]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if path in OPEN:
                operation["security"] = []
            else:
                operation["responses"].setdefault("401", _described(401))


def _require_kinds(schemas: dict[str, Any]) -> None:
    """`kind` decides which request a body is, so it must be there, though each has its default."""
    for schema in schemas.values():
        if "const" in schema.get("properties", {}).get("kind", {}):
            schema["required"] = ["kind", *schema.get("required", [])]


def _forget_nulls(paths: dict[str, Any]) -> None:
    """A parameter is left out, never null: `anyOf: [integer, null]` is an optional integer."""
    for operation in (operation for methods in paths.values() for operation in methods.values()):
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
            if len(kinds) == 1:
                del schema["anyOf"]
                parameter["schema"] = kinds[0] | schema


def _count_in_integers(part: Any) -> None:  # noqa: ANN401 - any part of a JSON document
    """FastAPI writes bounds as floats, which a 64-bit bound does not survive."""
    if isinstance(part, list):
        for item in part:
            _count_in_integers(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in ("minimum", "maximum") and isinstance(value, float) and value.is_integer():
                part[key] = min(int(value), 2**63 - 1)
            else:
                _count_in_integers(value)


def _described(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": WORDS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
