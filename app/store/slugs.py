"""Random names for what has a permalink: nobody can guess what others made."""

import re
import secrets
from typing import Final

SLUG_BYTES: Final = 9
SLUG: Final = r"^[A-Za-z0-9_-]{12}$"


def new_slug() -> str:
    """12 characters that an address holds as they are, of 72 random bits."""
    return secrets.token_urlsafe(SLUG_BYTES)


def is_slug(text: str) -> bool:
    return re.fullmatch(SLUG, text) is not None
