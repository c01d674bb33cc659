"""Names in addresses: random ones, so that nobody can guess what others made; and readable ones,
which people choose, of what belongs to a model."""

import re
import secrets
from typing import Final

SLUG_BYTES: Final = 9
SLUG: Final = r"^[A-Za-z0-9_-]{12}$"

NAMED: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"


def new_slug() -> str:
    """12 characters that an address holds as they are, of 72 random bits."""
    return secrets.token_urlsafe(SLUG_BYTES)


def is_slug(text: str) -> bool:
    return re.fullmatch(SLUG, text) is not None


def is_named(text: str) -> bool:
    """Whether a task or circuit could be called so."""
    return re.fullmatch(NAMED, text) is not None
