"""A stream of messages as lines of JSON, each with the name of what it is.

The last line of a stream is an end (`GenerationEnd`, `EditSweepAnswer`) or a `Refusal`; a stream
without one was cut.
"""

import json
from typing import Final

from analysis.protocol.base import Message
from analysis.protocol.experiments import GeneratedToken, GenerationEnd
from analysis.protocol.refusals import Refusal
from analysis.protocol.sweeps import EditSweepAnswer, EditSweepProgress

MEDIA_TYPE: Final = "application/x-ndjson"
KINDS: Final[dict[str, type[Message]]] = {
    kind.__name__: kind
    for kind in (GeneratedToken, GenerationEnd, EditSweepProgress, EditSweepAnswer, Refusal)
}
ENDS: Final = (GenerationEnd, EditSweepAnswer, Refusal)


def line_of(message: Message) -> bytes:
    """One message of a stream, with its line end."""
    kind = type(message).__name__
    return f'{{"type":"{kind}","message":{message.model_dump_json()}}}\n'.encode()


def message_of(line: str) -> Message:
    """What a line says. ValueError (of which Pydantic's is one): it is no line of a stream."""
    found = json.loads(line)
    kind = KINDS.get(str(found["type"])) if isinstance(found, dict) and "type" in found else None
    if kind is None:
        raise ValueError(f"no message of a stream: {line[:80]}")
    return kind.model_validate(found.get("message"))
