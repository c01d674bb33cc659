"""Small questions, and assistants that do not wait long."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from analysis.assistants.assistant import Assistant
from analysis.assistants.cache import ReplyCache
from analysis.assistants.endpoint import configured_endpoint
from analysis.assistants.extracting import exactly
from analysis.assistants.patience import Patience
from analysis.assistants.question import Form, Message, Parameters, Question, UnfitAnswerError

KEY = "sk-tidal-4711"
HASTE = Patience(tries=3, first_wait=0.01, longest_wait=2.0)


def a_number(value: dict[str, Any]) -> int:
    (number,) = exactly(value, "number")
    if not isinstance(number, int):
        raise UnfitAnswerError("number must be a whole number")
    return number


NUMBER = Form("number", {"type": "object", "properties": {"number": {"type": "integer"}}}, a_number)


def question(text: str = "How many?", **parameters: Any) -> Question[int]:
    asked = Parameters("tiny", **{"max_tokens": 20, **parameters})
    return Question((Message("system", "Count."), Message("user", text)), NUMBER, asked)


def assistant(
    url: str,
    *,
    key: str | None = KEY,
    timeout: float = 60.0,
    cache: Path | None = None,
    **how: Any,
) -> Assistant:
    endpoint = configured_endpoint(url, SecretStr(key) if key else None, timeout)
    kept = ReplyCache(cache) if cache else None
    return Assistant(endpoint, cache=kept, **{"patience": HASTE, **how})
