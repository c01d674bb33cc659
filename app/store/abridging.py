"""What a list says of an experiment's request, which may hold megabytes: kept beside it, so that a
list reads a line of each."""

from collections.abc import Mapping
from typing import Any, Final

from app.store.writing_explanations import storable

LONGEST_PROMPT: Final = 200
"""Characters of it."""
MOST_PLACES: Final = 8


def abridged(request: Mapping[str, Any]) -> dict[str, Any]:
    """The columns `prompt`, `n_edits` and `places` of a request as JSON."""
    edits = request.get("edits", ())
    places = (*map(_place, edits), *(request.get("sites") or ()))
    return {
        "prompt": _beginning(request.get("prompt", {})),
        "n_edits": len(edits),
        "places": list(dict.fromkeys(places))[:MOST_PLACES],
    }


def _beginning(prompt: Mapping[str, Any]) -> str | None:
    """Of a conversation, its last message."""
    turns = prompt.get("turns")
    text: str | None = turns[-1]["content"] if turns else prompt.get("text")
    return None if text is None else storable(text[:LONGEST_PROMPT])


def _place(edit: Mapping[str, Any]) -> str:
    index = edit.get("index")
    return str(edit["site"]) if index is None else f"{edit['site']}/{index}"
