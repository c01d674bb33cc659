"""What a row of the audit log says of before and after: small, whatever it is made of."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

LONGEST_TEXT: Final = 500
"""Characters of one text."""
MOST_ITEMS: Final = 50
"""Of one list or mapping."""
LARGEST: Final = 16_384
"""Characters of JSON, of all together."""


def shortened(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """JSON of at most `LARGEST` characters. A text that is cut keeps its length and SHA-256, and so
    does what is too large as a whole."""
    short = _shortened(value)
    text = json.dumps(short, sort_keys=True)
    return short if len(text) <= LARGEST else _cut(text)


def storable(text: str) -> str:
    """Without what a database does not hold, and short enough for an index."""
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST_TEXT else clean[: LONGEST_TEXT - 1] + "…"


def _shortened(value: Any) -> Any:  # noqa: ANN401
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return value if len(value) <= LONGEST_TEXT else _cut(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            items = list(value.items())
            kept = {str(name)[:LONGEST_TEXT]: _shortened(one) for name, one in items[:MOST_ITEMS]}
            return kept | ({"…": len(items)} if len(items) > MOST_ITEMS else {})
        case Sequence() | set() | frozenset():
            several = sorted(value) if isinstance(value, set | frozenset) else list(value)
            kept_items = [_shortened(one) for one in several[:MOST_ITEMS]]
            more = len(several) - MOST_ITEMS
            return [*kept_items, *([f"… and {more:,} more"] if more > 0 else [])]
        case _:
            return str(value)[:LONGEST_TEXT]


def _cut(text: str) -> dict[str, object]:
    whole = text.encode("utf-8", "surrogatepass")
    return {
        "begins": text[:LONGEST_TEXT],
        "characters": len(text),
        "sha256": hashlib.sha256(whole).hexdigest(),
    }
