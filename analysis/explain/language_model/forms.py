"""The forms of answers: what is asked for as JSON schema, and checked again when it comes."""

from typing import Any

from analysis.assistants.extracting import exactly
from analysis.assistants.question import Form, UnfitAnswerError
from analysis.explain.language_model.excerpts import HIGHEST, LONGEST_CLAIM


def explanation_form() -> Form[str]:
    """One sentence."""

    def read(value: dict[str, Any]) -> str:
        (text,) = exactly(value, "explanation")
        if not isinstance(text, str) or not text.strip():
            raise UnfitAnswerError("the explanation must be a text, and not empty")
        line = " ".join(text.split())
        if len(line) > LONGEST_CLAIM:
            raise UnfitAnswerError(
                f"the explanation must be one sentence of {LONGEST_CLAIM} letters"
            )
        if not line.isprintable():
            raise UnfitAnswerError("the explanation must have no control characters")
        return line

    return Form("explanation", _object({"explanation": {"type": "string"}}), read)


def verdicts_form(n: int) -> Form[list[bool]]:
    """Yes or no, n times."""

    def read(value: dict[str, Any]) -> list[bool]:
        (verdicts,) = exactly(value, "verdicts")
        if not isinstance(verdicts, list) or len(verdicts) != n:
            raise UnfitAnswerError(f"verdicts must be a list of exactly {n}")
        if not all(isinstance(verdict, bool) for verdict in verdicts):
            raise UnfitAnswerError("each verdict must be true or false")
        return verdicts

    items = {"type": "array", "items": {"type": "boolean"}, "minItems": n, "maxItems": n}
    return Form("verdicts", _object({"verdicts": items}), read)


def levels_form(n: int) -> Form[list[int]]:
    """A level for each number from 1 to n, by name: in a bare list of a hundred models get lost."""

    def read(value: dict[str, Any]) -> list[int]:
        found = exactly(value, *map(str, range(1, n + 1)))
        for level in found:
            if not isinstance(level, int) or isinstance(level, bool) or not 0 <= level <= HIGHEST:
                raise UnfitAnswerError(f"each level must be a whole number from 0 to {HIGHEST}")
        return found

    level = {"type": "integer", "minimum": 0, "maximum": HIGHEST}
    return Form("levels", _object({str(number): level for number in range(1, n + 1)}), read)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
