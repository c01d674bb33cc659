"""The JSON object in what a language model wrote: bare, fenced, or after some reasoning."""

import json
from typing import Any, NoReturn

from analysis.assistants.question import UnfitAnswerError

LONGEST = 1_000_000
MOST_STARTS = 200
THOUGHT = "</think>"


def find_object(text: str) -> dict[str, Any]:
    """The last JSON object of the text that is not inside another one.

    Raises:
        UnfitAnswerError: there is none.
    """
    text = text[-LONGEST:].rpartition(THOUGHT)[2]
    found, at = None, 0
    for _ in range(MOST_STARTS):
        at = text.find("{", at)
        if at < 0:
            break
        try:
            found, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
    if found is None:
        raise UnfitAnswerError("there is no JSON object in the answer")
    return dict(found)


def exactly(value: dict[str, Any], *keys: str) -> list[Any]:
    """The values of these keys.

    Raises:
        UnfitAnswerError: one is missing, or there are others.
    """
    if set(value) != set(keys):
        missing = [key for key in keys if key not in value]
        said = f"{', '.join(missing[:5])} missing" if missing else "there are other keys too"
        raise UnfitAnswerError(f"the object must have exactly the keys asked for: {said}")
    return [value[key] for key in keys]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
