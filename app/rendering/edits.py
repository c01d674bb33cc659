"""A stored request's edits as they would be typed."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from analysis.protocol.edits import Edit
from analysis.protocol.written import line_of, row_of


def edit_lines(request: Mapping[str, Any]) -> list[str]:
    """One line each; what no line can say as JSON."""
    return [_line(edit) for edit in request.get("edits", ())]


def _line(given: Mapping[str, Any]) -> str:
    try:
        row = row_of(Edit.model_validate(given))
    except ValidationError:  # of another version
        row = None
    if row is not None:
        return line_of(row)
    said = json.dumps({name: value for name, value in given.items() if value is not None})
    return said if len(said) <= 200 else said[:199] + "…"
