"""The machine-readable description of the API, and a plain page of it for people.

The page is rendered on the server from the same document: it needs no script, so it works under
the strict Content-Security-Policy.
"""

import json
import re
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup, escape
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from app.api.describing import TAGS, WORDS, describe
from app.rendering.answers import respond

router = APIRouter(include_in_schema=False)

REFERENCE = "#/components/schemas/"


class ParameterView(BaseModel):
    name: str
    place: str
    required: bool
    type: str
    description: str
    example: str


class OperationView(BaseModel):
    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[ParameterView]
    body: str
    status: str
    """Of success."""
    result: str
    problems: list[str]
    """Statuses of the documented errors."""


class GroupView(BaseModel):
    name: str
    description: str
    operations: list[OperationView]


class FieldView(BaseModel):
    name: str
    type: str
    required: bool
    description: str


class SchemaView(BaseModel):
    name: str
    description: str
    fields: list[FieldView]


@router.get("/api/openapi.json")
async def get_document(request: Request) -> Response:
    return JSONResponse(describe(request.app), headers={"Cache-Control": "no-cache"})


@router.get("/api/docs")
def show_reference(request: Request) -> Response:
    document = describe(request.app)
    context = {
        "document": document["info"],
        "groups": list_groups(document),
        "schemas": list_schemas(document),
        "problems": WORDS,
        "marked": marked,
    }
    return respond(request, "api/page.html", context)


def list_groups(document: dict[str, Any]) -> list[GroupView]:
    """Operations under their first tag, in the order of the tags."""
    operations = [
        (operation["tags"][-1], _operation(method, path, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [
        GroupView(
            name=tag["name"],
            description=tag["description"],
            operations=[view for name, view in operations if name == tag["name"]],
        )
        for tag in TAGS
    ]


def list_schemas(document: dict[str, Any]) -> list[SchemaView]:
    return [
        SchemaView(
            name=readable(name),
            description=schema.get("description", ""),
            fields=[
                FieldView(
                    name=field,
                    type=type_of(part),
                    required=field in schema.get("required", []),
                    description=part.get("description", ""),
                )
                for field, part in schema.get("properties", {}).items()
            ],
        )
        for name, schema in sorted(document["components"]["schemas"].items())
    ]


def type_of(schema: dict[str, Any]) -> str:
    """A schema in few words: `integer (0 to 200)`, `list of UnitRow`, `"asc" or "desc"`."""
    if "$ref" in schema:
        return readable(str(schema["$ref"]).removeprefix(REFERENCE))
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(type_of(part) for part in schema[several])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {type_of(schema['additionalProperties'])}"
    return f"{schema.get('type', 'anything')}{_bounds(schema)}"


def readable(name: str) -> str:
    """`Page_RunView_`, as a generic type is named, is a page of RunView."""
    return re.sub(r"^Page_(\w+)_$", r"page of \1", name)


def marked(text: str) -> Markup:
    """The words, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" ({low} to {high})"
    if low is not None:
        return f" (at least {low})"
    return "" if high is None else f" (at most {high})"


def _operation(method: str, path: str, operation: dict[str, Any]) -> OperationView:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = operation["responses"]
    success = next(status for status in answers if status.startswith("2"))
    return OperationView(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", [])],
        body=type_of(body["schema"]) if body else "",
        status=success,
        result=_result(answers[success]),
        problems=sorted(answers.keys() - {success}),
    )


def _result(answer: dict[str, Any]) -> str:
    """The type of a JSON answer, or the media types of another."""
    return " or ".join(
        type_of(schema)
        if media_type == "application/json" and (schema := content.get("schema", {}))
        else media_type
        for media_type, content in answer["content"].items()
    )


def _parameter(parameter: dict[str, Any]) -> ParameterView:
    schema = parameter["schema"]
    examples = schema.get("examples") or [schema.get("default", "")]
    return ParameterView(
        name=parameter["name"],
        place=parameter["in"],
        required=parameter.get("required", False),
        type=type_of(schema),
        description=parameter.get("description", ""),
        example=str(examples[0]),
    )
