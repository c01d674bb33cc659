"""How somebody is called who judged elsewhere: by their name and where, as no account can be.

An account's name has neither blanks nor brackets, so `ada (their-lab)` is never taken for `ada`.
"""

import re
from typing import Final

from app.errors import BadRequestError

ORIGIN: Final = r"^[a-z0-9][a-z0-9._-]{0,99}$"
LONGEST_ANNOTATOR: Final = 200


def actor_of(annotator: str, origin: str) -> str:
    return f"{annotator} ({origin})"


def annotator_of(actor: str, origin: str | None) -> str:
    """As they are called there; of somebody who judged here, their name."""
    return actor if origin is None else actor.removesuffix(f" ({origin})")


def check_origin(origin: str) -> str:
    """Raises BadRequestError."""
    if not re.fullmatch(ORIGIN, origin):
        raise BadRequestError(
            f"{origin[:100]!r} cannot name an origin.",
            hint="Take lower-case letters, digits, dots, dashes and underscores: their-lab.",
        )
    return origin
