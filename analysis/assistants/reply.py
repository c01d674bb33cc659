"""What an endpoint answered to one call, read out of its JSON."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from analysis.assistants.asked import Alternative, Failure, Place

LONGEST_DETAIL = 300

Hide = Callable[[str], str]
"""Takes the key out of a text."""


@dataclass(frozen=True)
class Reply:
    """A whole chat completion."""

    text: str
    whole: bool
    """False: it ended because it had become too long."""
    refused: bool
    """The endpoint says that the model declined, or that a filter did."""
    places: tuple[Place, ...]
    tokens_in: int | None
    tokens_out: int | None
    """None: the endpoint did not say."""
    sent: dict[str, Any]
    """The parameters that went out."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Reply":
        stored = json.loads(text)
        places = tuple(
            Place(Alternative(**p["chosen"]), tuple(Alternative(**other) for other in p["others"]))
            for p in stored.pop("places")
        )
        return Reply(places=places, **stored)


def read_completion(body: bytes, sent: dict[str, Any], hide: Hide) -> Reply | Failure:
    """The first choice of a chat completion; nothing of its shape is taken on trust.

    `hide` is applied to what was read, because JSON can write the same text in many ways.
    """
    try:
        completion = json.loads(_text(body))
        choice = completion["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return Failure("not_a_completion", f"no chat completion: {shown(body, hide)}")
    if not isinstance(content, str | None):
        return Failure("not_a_completion", f"its content is no text: {shown(body, hide)}")
    reason = choice.get("finish_reason")
    return Reply(
        text=hide(content or ""),
        whole=reason != "length",
        refused=bool(refusal) or reason == "content_filter",
        places=_without_key(_places(choice.get("logprobs")), hide),
        tokens_in=_count(completion.get("usage"), "prompt_tokens"),
        tokens_out=_count(completion.get("usage"), "completion_tokens"),
        sent=sent,
    )


def shown(body: bytes, hide: Hide) -> str:
    """The beginning of it on one line."""
    text = hide(_text(body))
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:LONGEST_DETAIL] or "(nothing)"


def _text(body: bytes) -> str:
    """Without the NULs that a text of wider characters has between its letters."""
    return body.decode(errors="replace").replace("\0", "")


def _without_key(places: tuple[Place, ...], hide: Hide) -> tuple[Place, ...]:
    """None at all where tokens side by side are the key, or one of them is."""
    whole = "".join(place.chosen.text for place in places)
    others = (other.text for place in places for other in place.others)
    return () if any(hide(text) != text for text in (whole, *others)) else places


def _count(usage: Any, name: str) -> int | None:  # noqa: ANN401 - parsed JSON
    number = usage.get(name) if isinstance(usage, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return number if 0 <= number < 2**53 else None


def _places(logprobs: Any) -> tuple[Place, ...]:  # noqa: ANN401 - parsed JSON
    """Token by token; none at all where one of them cannot be read, or places would shift."""
    try:
        return tuple(
            Place(_alternative(place), tuple(map(_alternative, place.get("top_logprobs") or ())))
            for place in (logprobs or {}).get("content") or ()
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return ()


def _alternative(token: Any) -> Alternative:  # noqa: ANN401 - parsed JSON
    text, logprob = token["token"], float(token["logprob"])
    if not isinstance(text, str) or math.isnan(logprob):
        raise ValueError
    return Alternative(text, max(min(logprob, 0.0), -1e4))
